"""Checks before `pulumi up`: what Google would refuse halfway, found out at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from infra.settings import Settings
from scripts.checks import Check, Undecided, place
from scripts.connection import Connection
from scripts.errors import CommandError, api_failure
from scripts.preflight import keys, perimeter, permissions
from scripts.preflight.names import free, taken

_BY_HAND = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
"""The APIs by which the program enables all others."""
# What the constraints of an organization forbid (Organization Policy: "Organization policy constraints").
_NO_ACCOUNTS = "iam.disableServiceAccountCreation"
_SERVICES = "gcp.restrictServiceUsage"
_WITHOUT_KEYS = "gcp.restrictNonCmekServices"
_LOCATIONS = "gcp.resourceLocations"
_MEMBERS = "iam.allowedPolicyMemberDomains"


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
        *([] if target.emulated else [*perimeter.checks(target, settings), *_policies(target, settings)]),
    ]


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


def _policies(target: Connection, settings: Settings) -> Iterator[Check]:
    """The constraints of the organization that the program could run into."""
    rules: dict[str, Callable[[list[dict[str, Any]]], str]] = {
        _NO_ACCOUNTS: _accounts_may_be_made,
        _SERVICES: partial(_services_allowed, settings),
        _WITHOUT_KEYS: partial(_keys_not_demanded, settings),
        _LOCATIONS: partial(_unrestricted, f"location {settings.location}"),
        _MEMBERS: partial(_unrestricted, "the members in loaders and readers"),
    }
    for constraint, judge in rules.items():
        yield Check(f"organization policy {constraint}", partial(_policy, target, constraint, judge))


def _policy(target: Connection, constraint: str, judge: Callable[[list[dict[str, Any]]], str]) -> str:
    policies = target.api("orgpolicy", "v2").projects().policies()
    name = f"projects/{target.outputs.project}/policies/{constraint}"
    found = target.execute(policies.getEffectivePolicy(name=name))
    return judge(found.get("spec", {}).get("rules", []))


def _accounts_may_be_made(rules: list[dict[str, Any]]) -> str:
    if any(rule.get("enforce") for rule in rules):
        raise CommandError(
            f"{_NO_ACCOUNTS} is enforced, and the program makes the service accounts loader and reader: ask for an"
            " exception for this project."
        )
    return "not enforced"


def _services_allowed(settings: Settings, rules: list[dict[str, Any]]) -> str:
    services = ["bigquery", "healthcare", "pubsub", "storage", *(["cloudkms"] if settings.keys else [])]
    denied = [each for each in services if not _allows(rules, f"{each}.googleapis.com")]
    if denied:
        raise CommandError(f"{_SERVICES} forbids {', '.join(denied)}: ask for an exception for this project.")
    return "allows what the program uses"


def _keys_not_demanded(settings: Settings, rules: list[dict[str, Any]]) -> str:
    services = [f"{each}.googleapis.com" for each in ("bigquery", "healthcare", "pubsub", "storage")]
    demanded = [each for each in services if not _allows(rules, each)]
    if demanded and not settings.keys:
        raise CommandError(
            f"{_WITHOUT_KEYS} demands a key of {', '.join(demanded)}: set healthcare-cloud-poc:keyRing, or name a key"
            " that exists in healthcare-cloud-poc:encryptionKey."
        )
    return "demands no key that is not there"


def _unrestricted(what: str, rules: list[dict[str, Any]]) -> str:
    """Nothing is restricted. What a group of values (in:us-locations) or a customer id allows is not known here."""
    values = [each for rule in rules for kind in ("allowedValues", "deniedValues") for each in _values(rule, kind)]
    if values or any(rule.get("denyAll") for rule in rules):
        raise Undecided(f"It is restricted to or by {', '.join(values) or 'nothing at all'}: see that {what} fits.")
    return "no restriction"


def _allows(rules: list[dict[str, Any]], value: str) -> bool:
    """Whether the rules of a list constraint allow a value that is written out."""
    if any(rule.get("denyAll") or value in _values(rule, "deniedValues") for rule in rules):
        return False
    allowed = [each for rule in rules for each in _values(rule, "allowedValues")]
    return not allowed or value in allowed


def _values(rule: dict[str, Any], kind: str) -> list[str]:
    found = rule.get("values", {}).get(kind, [])
    return [str(each).removeprefix("is:") for each in found]
