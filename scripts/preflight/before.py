"""Checks before `pulumi up`: what Google would refuse halfway, found out at the start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from infra.settings import Settings
from scripts.checks import Check, place
from scripts.connection import Connection
from scripts.errors import CommandError, api_failure
from scripts.preflight import constraints, keys, perimeter, permissions, quotas
from scripts.preflight.names import free, taken

_BY_HAND = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
"""The APIs by which the program enables all others."""


def checks(target: Connection, settings: Settings) -> list[Check]:
    """The checks, in the order in which `pulumi up` would come to what they look at."""
    outputs = target.outputs
    existing = settings.existing
    own = (
        None if existing.landing_bucket else outputs.landing_bucket,
        None if existing.export_bucket else outputs.export_bucket,
        outputs.audit_bucket,
        outputs.temp_bucket,
    )
    used = dict.fromkeys((existing.landing_bucket, existing.export_bucket))
    return [
        *place(target),
        Check("project", partial(_project, target)),
        Check("billing", partial(_billing, target)),
        *(Check(f"API {api}", partial(_enabled, target, api)) for api in _BY_HAND),
        *(
            Check(f"permissions of {role}", partial(_permitted, target, role, wanted))
            for role, wanted in permissions.needed(settings).items()
        ),
        *(Check(f"bucket {each}", partial(_bucket_name, target, each)) for each in own if each),
        *(Check(f"bucket {each}", partial(_bucket_in_use, target, each)) for each in used if each),
        Check("healthcare dataset", partial(_dataset_in_use if existing.dataset else _dataset_name, target)),
        Check("BigQuery dataset", partial(_table_dataset_name, target)),
        *keys.checks(target, settings),
        *([] if target.emulated else _of_google(target, settings)),
    ]


def _of_google(target: Connection, settings: Settings) -> Iterator[Check]:
    """The checks of what there is on Google Cloud alone."""
    yield from perimeter.checks(target, settings)
    yield from constraints.checks(target, settings)
    yield from quotas.checks(target, settings)


def _project(target: Connection) -> str:
    projects = target.api("cloudresourcemanager", "v1").projects()
    found = target.execute(projects.get(projectId=target.outputs.project))
    if found.get("lifecycleState", "ACTIVE") != "ACTIVE":
        raise CommandError(
            f"Project {target.outputs.project} is {found['lifecycleState']}: restore it with"
            f" `gcloud projects undelete {target.outputs.project}`, or set gcp:project to another."
        )
    return f"{found['projectId']}, number {found['projectNumber']}"


def _billing(target: Connection) -> str:
    project = target.outputs.project
    found = target.execute(target.api("cloudbilling", "v1").projects().getBillingInfo(name=f"projects/{project}"))
    if not found.get("billingEnabled"):
        raise CommandError(
            f"Project {project} has no billing account that is open: run"
            f" `gcloud billing projects link {project} --billing-account ACCOUNT`."
        )
    return str(found["billingAccountName"])


def _enabled(target: Connection, api: str) -> str:
    name = f"projects/{target.outputs.project}/services/{api}"
    found = target.execute(target.api("serviceusage", "v1").services().get(name=name))
    if found.get("state") != "ENABLED":
        raise CommandError(f"It is not enabled: run `gcloud services enable {api}`.")
    return "enabled"


def _permitted(target: Connection, role: str, wanted: tuple[str, ...]) -> str:
    project = target.outputs.project
    projects = target.api("cloudresourcemanager", "v1").projects()
    body = {"permissions": list(wanted)}
    held = target.execute(projects.testIamPermissions(resource=project, body=body)).get("permissions", [])
    lacking = [each for each in wanted if each not in held]
    if lacking:
        raise CommandError(
            f"This account lacks {', '.join(lacking)} on project {project}: let its administrator run"
            f" `gcloud projects add-iam-policy-binding {project} --member=MEMBER --role={role}`."
        )
    return ", ".join(wanted)


def _bucket_name(target: Connection, bucket: str) -> str:
    """A name of a bucket is free, or taken by this environment. Bucket names are shared by all of Google Cloud."""
    try:
        found = target.storage.get_bucket(bucket)
    except Exception as error:
        refusal = api_failure(error)
        if refusal and refusal.code == 404:
            return "the name is free"
        if refusal and refusal.code == 403:
            raise CommandError(
                "The name is taken by a bucket that this account may not see: set healthcare-cloud-poc:environment to"
                " another name."
            ) from None
        raise
    return taken(target, found.labels, "bucket")


def _bucket_in_use(target: Connection, bucket: str) -> str:
    """A bucket that the stack did not make is there, and this account may grant access to it."""
    wanted = ["storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"]
    held = target.storage.bucket(bucket).test_iam_permissions(wanted)
    return _may_grant(f"bucket {bucket}", "roles/storage.admin", wanted, held)


def _dataset_in_use(target: Connection) -> str:
    """A dataset that the stack did not make is there, and this account may grant access to it."""
    name, wanted = target.outputs.dataset_name, ["healthcare.datasets.getIamPolicy", "healthcare.datasets.setIamPolicy"]
    target.execute(target.healthcare.get(name=name))
    asked = target.healthcare.testIamPermissions(resource=name, body={"permissions": wanted})
    held = target.execute(asked).get("permissions", [])
    return _may_grant(name, "roles/healthcare.datasetAdmin", wanted, held)


def _may_grant(what: str, role: str, wanted: list[str], held: Sequence[str]) -> str:
    """Say that something is there for the stack to use. Raises CommandError where a permission is not held."""
    if lacking := [each for each in wanted if each not in held]:
        raise CommandError(
            f"This account lacks {', '.join(lacking)} on {what}: let its administrator grant {role} on it."
        )
    return "is there, and stays as it is but for the stack's grants"


def _dataset_name(target: Connection) -> str:
    return free(target, lambda: target.execute(target.healthcare.get(name=target.outputs.dataset_name)) and None)


def _table_dataset_name(target: Connection) -> str:
    name = f"{target.outputs.project}.{target.outputs.bigquery_dataset}"
    return free(target, lambda: target.bigquery.get_dataset(name).labels)
