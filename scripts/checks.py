"""What must be there and granted for a stack to work, one check each, in the order in which things depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from scripts.agents import LATER
from scripts.connection import Connection, require_listener
from scripts.consent import defining
from scripts.consent.service import ConsentStore
from scripts.console import count
from scripts.errors import CommandError, api_failure, explain, lack, one_line
from scripts.loading.manifest import FOLDER

_APIS = ("healthcare.googleapis.com", "storage.googleapis.com", "pubsub.googleapis.com", "bigquery.googleapis.com")
# Without --refresh Pulumi believes its own state, and finds nothing to do after a reset or a deletion by hand.
_UP = "run `pulumi up --refresh`"

# Files are counted up to so many: a page of a listing holds no more.
_COUNTED = 999

# Roles that include what the healthcare agent needs, the one that the program grants first
# (Cloud Healthcare: permissions between services; IAM: predefined roles).
_READS_OBJECTS = ("roles/storage.objectViewer", "roles/storage.objectUser", "roles/storage.objectAdmin")
_WRITES_OBJECTS = ("roles/storage.objectAdmin", "roles/storage.admin")
_WRITES_TABLES = ("roles/bigquery.dataEditor", "roles/bigquery.dataOwner", "roles/bigquery.admin", "WRITER", "OWNER")
_RUNS_JOBS = ("roles/bigquery.jobUser", "roles/bigquery.user", "roles/bigquery.admin")
_PUBLISHES = ("roles/pubsub.publisher", "roles/pubsub.editor", "roles/pubsub.admin")


class State(StrEnum):
    """How a check ended; UNKNOWN: this account may not look, or can't decide it."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """One line of `status`: what was found, or what is wrong and what to do."""

    name: str
    state: State
    detail: str


@dataclass(frozen=True)
class Check:
    """A check: `look` gives what it found, or raises. When an `essential` one fails, the rest is pointless."""

    name: str
    look: Callable[[], str]
    essential: bool = False


class Undecided(Exception):
    """What a check can't decide from what this account may see; the sentence says what the person has to look at."""


def run_checks(target: Connection, checks: Iterable[Check] | None = None) -> Iterator[Result]:
    """Run checks (default: all that `status` shows of a stack), giving each result as it is known."""
    for check in _checks(target) if checks is None else checks:
        result = _run(target, check)
        yield result
        if check.essential and result.state != State.OK:
            return


def _run(target: Connection, check: Check) -> Result:
    try:
        return Result(check.name, State.OK, check.look())
    except CommandError as error:
        return Result(check.name, State.FAILED, str(error))
    except Undecided as open_question:
        return Result(check.name, State.UNKNOWN, str(open_question))
    except Exception as error:  # noqa: BLE001 - every failure becomes a line of its own
        refusal = api_failure(error)
        if refusal and refusal.code == 403:
            why = lack(refusal, target.surroundings)
            return Result(check.name, State.UNKNOWN, f"This account may not look: {why}.")
        if refusal and refusal.code == 404:
            return Result(check.name, State.FAILED, f"{one_line(refusal.message)}: {_UP}.")
        return Result(check.name, State.FAILED, str(explain(error, target.surroundings)))


def place(target: Connection) -> list[Check]:
    """The checks without which all others are pointless: who answers, and whether these credentials are known there."""
    return [
        Check("service", partial(_service, target), essential=True),
        Check("credentials", partial(_credentials, target), essential=True),
    ]


def _checks(target: Connection) -> list[Check]:
    outputs = target.outputs
    return [
        *place(target),
        *(Check(f"API {api}", partial(_api, target, api)) for api in _APIS),
        Check("landing bucket", partial(_bucket, target, outputs.landing_bucket)),
        Check("export bucket", partial(_bucket, target, outputs.export_bucket)),
        Check("healthcare dataset", partial(_dataset, target)),
        Check("DICOM store", partial(_dicom_store, target)),
        *(Check(f"DICOM store {each}", partial(_further_store, target, each)) for each in outputs.dicom_stores),
        *(Check(f"FHIR store {each}", partial(_fhir_store, target, each)) for each in outputs.fhir_stores),
        *(Check(f"consent store {each}", partial(_consent_store, target, each)) for each in outputs.consent_stores),
        Check("topic", partial(_topic, target)),
        Check("subscription", partial(_subscription, target)),
        Check("BigQuery dataset", partial(_table_dataset, target)),
        *agent_grants(target),
    ]


def agent_grants(target: Connection) -> list[Check]:
    """The checks of what the program grants the healthcare agent."""
    outputs = target.outputs
    landing = partial(_bucket_roles, target, outputs.landing_bucket)
    export = partial(_bucket_roles, target, outputs.export_bucket)
    grants = [
        ("agent reads landing bucket", landing, _READS_OBJECTS),
        ("agent writes export bucket", export, _WRITES_OBJECTS),
        ("agent writes tables", partial(_dataset_roles, target), _WRITES_TABLES),
        ("agent runs BigQuery jobs", partial(_project_roles, target), _RUNS_JOBS),
        ("agent publishes notifications", partial(_topic_roles, target), _PUBLISHES),
    ]
    return [Check(name, partial(_grant, target, roles, enough)) for name, roles, enough in grants]


def _service(target: Connection) -> str:
    if target.emulated:
        require_listener(target.address)
        if not target.outputs.emulated:
            return f"The emulator at {target.address}, by HEALTHCARE_EMULATOR_HOST; the stack itself is on Google Cloud"
        return f"The emulator at {target.address}"
    return f"Google Cloud, project {target.outputs.project}"


def _credentials(target: Connection) -> str:
    """Ask for the project, which only fails as unauthenticated when the credentials are bad; gives their name."""
    try:
        target.execute(target.api("cloudresourcemanager", "v1").projects().get(projectId=target.outputs.project))
    except Exception as error:
        refusal = api_failure(error)
        if refusal is None or refusal.code == 401:
            raise
    return str(getattr(target.credentials, "service_account_email", None) or "An access token")


def _api(target: Connection, api: str) -> str:
    name = f"projects/{target.outputs.project}/services/{api}"
    found = target.execute(target.api("serviceusage", "v1").services().get(name=name))
    if found.get("state") != "ENABLED":
        raise CommandError(f"It is not enabled: {_UP}.")
    return "enabled"


def _bucket(target: Connection, bucket: str) -> str:
    found = target.storage.get_bucket(bucket)
    return f"gs://{bucket} in {found.location}" + _counted(partial(_files, target, bucket))


def _files(target: Connection, bucket: str) -> str:
    """How many files the bucket holds, without what `load` remembers there; one page of the listing is enough."""
    blobs = target.storage.list_blobs(bucket, max_results=_COUNTED + 1, fields="items(name),nextPageToken")
    number = sum(not blob.name.startswith(f"{FOLDER}/") for blob in blobs)
    return f"more than {_COUNTED:,} files" if number > _COUNTED else count(number, "file")


def _counted(look: Callable[[], str]) -> str:
    """What `look` counts, to stand behind what was found; nothing where this account may not count."""
    try:
        return f", {look()}"
    except Exception as error:
        refusal = api_failure(error)
        if refusal and refusal.code == 403:
            return ""
        raise


def _dataset(target: Connection) -> str:
    return str(target.execute(target.healthcare.get(name=target.outputs.dataset_name))["name"])


def _dicom_store(target: Connection) -> str:
    """The store is there; that it notifies is a property of the store, so that is checked with it."""
    found = target.execute(target.healthcare.dicomStores().get(name=target.outputs.dicom_store_name))
    topics = [found.get("notificationConfig", {}), *found.get("notificationConfigs", [])]
    if not any(topic.get("pubsubTopic") == target.outputs.dicom_topic for topic in topics):
        raise CommandError(f"It does not notify {target.outputs.dicom_topic}: {_UP}.")
    return str(found["name"]) + _counted(partial(_images, target))


def _further_store(target: Connection, store: str) -> str:
    """A DICOM store beside the first is there."""
    name = target.outputs.dicom_stores[store].name
    return str(target.execute(target.healthcare.dicomStores().get(name=name))["name"])


def _fhir_store(target: Connection, store: str) -> str:
    """The store is there, and holds the version of FHIR that the stack says."""
    wanted = target.outputs.fhir_stores[store]
    found = target.execute(target.healthcare.fhirStores().get(name=wanted.name))
    if found.get("version") != wanted.version:
        raise CommandError(f"It holds FHIR {found.get('version')} and not {wanted.version}: {_UP}.")
    return f"{found['name']}, {wanted.version}"


def _consent_store(target: Connection, store: str) -> str:
    """The store is there; what of the stack's attributes it lacks is said, since nothing but a command defines them."""
    wanted = target.outputs.consent_stores[store]
    found = target.execute(target.healthcare.consentStores().get(name=wanted.name))
    return str(found["name"]) + _counted(partial(_attributes, ConsentStore(target, wanted), wanted.attributes))


def _attributes(store: ConsentStore, declared: str) -> str:
    """How many attributes a consent store defines, or which of those that the stack declares it lacks."""
    there = store.definitions()
    lacking = [name for name in defining.wanted(declared) if name not in there]
    if not lacking:
        return count(len(there), "attribute")
    return f"it lacks {', '.join(lacking)}: run `python -m scripts consent define`"


def _images(target: Connection) -> str:
    """How many studies, series and instances the store holds."""
    stores = target.healthcare.dicomStores()
    found = target.execute(stores.getDICOMStoreMetrics(name=target.outputs.dicom_store_name))
    kinds = (("study", "studies"), ("series", "series"), ("instance", "instances"))
    return ", ".join(count(int(found.get(f"{kind}Count", 0)), kind, plural) for kind, plural in kinds)


def _topic(target: Connection) -> str:
    topics = target.api("pubsub", "v1").projects().topics()
    return str(target.execute(topics.get(topic=target.outputs.dicom_topic))["name"])


def _subscription(target: Connection) -> str:
    subscriptions = target.api("pubsub", "v1").projects().subscriptions()
    found = target.execute(subscriptions.get(subscription=target.outputs.dicom_subscription))
    if found.get("topic") != target.outputs.dicom_topic:
        raise CommandError(f"It does not read {target.outputs.dicom_topic}: {_UP}.")
    return str(found["name"])


def _table_dataset(target: Connection) -> str:
    found = target.bigquery.get_dataset(f"{target.outputs.project}.{target.outputs.bigquery_dataset}")
    return f"{found.full_dataset_id} in {found.location}" + _counted(partial(_rows, target, found.reference))


def _rows(target: Connection, dataset: Any) -> str:
    """The tables of a dataset with their numbers of rows."""
    tables = [each for each in target.bigquery.list_tables(dataset) if each.table_type == "TABLE"]
    rows = [(each.table_id, target.bigquery.get_table(each).num_rows or 0) for each in tables]
    return ", ".join(f"table {name} with {count(number, 'row')}" for name, number in rows) or "no tables"


def _grant(target: Connection, roles: Callable[[], set[str]], enough: tuple[str, ...]) -> str:
    """Which of the roles that are enough the agent has, on the resource itself or on the project."""
    has = roles()
    if not has & set(enough):
        has |= _project_roles(target)
    for role in enough:
        if role in has:
            return role
    agent = target.outputs.healthcare_agent_email
    raise CommandError(f"{agent} lacks {enough[0]}: {_UP}; {LATER}.")


def _of_agent(target: Connection, bindings: Iterable[Any]) -> set[str]:
    member = f"serviceAccount:{target.outputs.healthcare_agent_email}"
    return {str(binding["role"]) for binding in bindings if member in binding.get("members", ())}


def _bucket_roles(target: Connection, bucket: str) -> set[str]:
    policy = target.storage.bucket(bucket).get_iam_policy(requested_policy_version=3)
    return _of_agent(target, policy.bindings)


def _topic_roles(target: Connection) -> set[str]:
    topics = target.api("pubsub", "v1").projects().topics()
    policy = target.execute(topics.getIamPolicy(resource=target.outputs.dicom_topic))
    return _of_agent(target, policy.get("bindings", []))


def _project_roles(target: Connection) -> set[str]:
    projects = target.api("cloudresourcemanager", "v1").projects()
    policy = target.execute(projects.getIamPolicy(resource=target.outputs.project, body={}))
    return _of_agent(target, policy.get("bindings", []))


def _dataset_roles(target: Connection) -> set[str]:
    found = target.bigquery.get_dataset(f"{target.outputs.project}.{target.outputs.bigquery_dataset}")
    agent = target.outputs.healthcare_agent_email
    return {
        str(entry.role)
        for entry in found.access_entries
        if entry.role and entry.entity_id in (agent, f"serviceAccount:{agent}")
    }
