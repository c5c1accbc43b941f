"""Log entries and the query language, logs, sinks and buckets."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.settings import project_number
from tests.conftest import PROJECT
from tests.emulator.services.clients import client_as, refused
from tests.support.emulator import RunningEmulator

Api = Callable[[str, str], Any]
Names = Callable[[str], str]
PARENT = f"projects/{PROJECT}"
STORE = {"type": "healthcare_dicom_store", "labels": {"dicom_store_id": "s", "location": "us-central1"}}


@pytest.fixture
def logging(google_api: Api) -> Any:
    """Cloud Logging v2."""
    return google_api("logging", "v2")


@pytest.fixture
def log(logging: Any, unique: Names) -> str:
    """A log of its own with four entries, as a name."""
    name = f"{PARENT}/logs/{unique('import')}"
    entries = [
        {"severity": "INFO", "textPayload": "Import started", "timestamp": "2026-01-01T10:00:00Z"},
        {
            "severity": "ERROR",
            "timestamp": "2026-01-01T10:00:01+00:00",
            "jsonPayload": {
                "source": "gs://landing/a.dcm",
                "error": {"code": 3, "message": "not DICOM"},
                "ip": "10.1.2.3",
            },
            "labels": {"attempt": "1"},
        },
        {"severity": "WARNING", "textPayload": "Slow", "timestamp": "2026-01-01T11:00:02+01:00"},
        {"textPayload": "Import ended", "timestamp": "2026-01-01T10:00:03.5Z", "operation": {"id": "7"}},
    ]
    body = {"logName": name, "resource": STORE, "labels": {"run": "a"}, "entries": entries}
    assert logging.entries().write(body=body).execute() == {}
    return name


def found(logging: Any, log: str, query: str = "", **body: Any) -> list[str]:
    """The seconds of the matching entries' times, in the order of the answer."""
    text = f'logName="{log}" {query}'
    answer = logging.entries().list(body={"resourceNames": [PARENT], "filter": text, **body}).execute()
    return [entry["timestamp"][17:19] for entry in answer.get("entries", [])]


def test_entries_come_back_as_written(logging: Any, log: str) -> None:
    body = {"resourceNames": [PARENT], "filter": f'logName="{log}" severity=ERROR'}
    [entry] = logging.entries().list(body=body).execute()["entries"]
    assert entry["logName"] == log
    assert entry["resource"] == STORE
    assert entry["labels"] == {"run": "a", "attempt": "1"}
    assert entry["jsonPayload"]["error"] == {"code": 3, "message": "not DICOM"}
    assert entry["timestamp"] == "2026-01-01T10:00:01.000000Z"
    assert entry["insertId"]
    assert entry["receiveTimestamp"]


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("", ["00", "01", "02", "03"]),
        ("severity>=WARNING", ["01", "02"]),
        ("severity<WARNING", ["00", "03"]),
        ("severity=(ERROR OR INFO)", ["00", "01"]),
        ("severity!=ERROR", ["00", "02", "03"]),
        ('timestamp>"2026-01-01T10:00:01Z" AND timestamp<="2026-01-01T10:00:02Z"', ["02"]),
        ('resource.type="healthcare_dicom_store"', ["00", "01", "02", "03"]),
        ('resource.labels.dicom_store_id="other"', []),
        ("jsonPayload.error.code=3", ["01"]),
        ("jsonPayload.error.code>3", []),
        ('jsonPayload.source:"LANDING"', ["01"]),
        ('textPayload="import STARTED"', ["00"]),
        ('textPayload=~"^Import"', ["00", "03"]),
        ('textPayload!~"^Import"', ["01", "02"]),
        ("jsonPayload:*", ["01"]),
        ("NOT textPayload:*", ["01"]),
        ("-textPayload:import", ["01", "02"]),
        ("labels.attempt=1", ["01"]),
        ("operation.id=7", ["03"]),
        ('"slow"', ["02"]),
        ('ip_in_net(jsonPayload.ip, "10.0.0.0/8")', ["01"]),
        ('ip_in_net(jsonPayload.ip, "10.2.0.0/16")', []),
        ('NOT ip_in_net(jsonPayload.ip, "10.0.0.0/8") AND severity>=WARNING', ["02"]),
        ("sample(textPayload, 1)", ["00", "02", "03"]),
        ("slow OR dicom AND severity>=ERROR", ["01"]),
    ],
)
def test_queries(logging: Any, log: str, query: str, seconds: list[str]) -> None:
    assert found(logging, log, query) == seconds


@pytest.mark.parametrize(
    "query", ["(", "severity>=LOUD", 'ip_in_net(a, "b")', "sample(a, 2)", 'timestamp>"soon"', 'textPayload=~"["', "a="]
)
def test_a_query_that_cannot_be_read_is_a_400(logging: Any, query: str) -> None:
    assert refused(logging.entries().list(body={"resourceNames": [PARENT], "filter": query}))[0] == 400


def test_newest_first_and_pages(logging: Any, log: str) -> None:
    assert found(logging, log, orderBy="timestamp desc") == ["03", "02", "01", "00"]
    for order, first in (("timestamp asc", "00"), ("timestamp desc", "03")):
        body = {"resourceNames": [PARENT], "filter": f'logName="{log}"', "orderBy": order, "pageSize": 3}
        page = logging.entries().list(body=body).execute()
        assert len(page["entries"]) == 3
        assert page["entries"][0]["timestamp"][17:19] == first
        rest = logging.entries().list(body={**body, "pageToken": page["nextPageToken"]}).execute()
        assert len(rest["entries"]) == 1
        assert "nextPageToken" not in rest


def test_logs_are_listed_and_deleted(logging: Any, log: str) -> None:
    logs = logging.projects().logs()
    assert log in logs.list(parent=PARENT).execute()["logNames"]
    logs.delete(logName=log).execute()
    assert log not in logs.list(parent=PARENT).execute().get("logNames", [])
    assert found(logging, log) == []


def test_an_entry_that_is_sent_again_is_there_once(logging: Any, unique: Names) -> None:
    """LogEntry.insertId: entries of a project with the same timestamp and insertId are duplicates of one."""
    log = f"{PARENT}/logs/{unique('again')}"
    first = {"insertId": unique("id"), "timestamp": "2026-01-01T10:00:00Z", "textPayload": "x"}
    later = {**first, "timestamp": "2026-01-01T10:00:01Z"}
    other = {**first, "insertId": unique("id")}
    no_id = {"timestamp": "2026-01-01T10:00:05Z", "textPayload": "x"}

    def write(*entries: dict[str, str]) -> None:
        logging.entries().write(body={"logName": log, "resource": STORE, "entries": list(entries)}).execute()

    write(first, first, later)
    write(first, other, no_id, no_id)
    assert found(logging, log) == ["00", "00", "01", "05", "05"]
    logging.projects().logs().delete(logName=log).execute()
    write(first)
    assert found(logging, log) == ["00"]


@pytest.mark.parametrize(
    "entry",
    [
        {"logName": "no-log", "resource": {"type": "global"}},
        {"logName": f"{PARENT}/logs/with/slash", "resource": {"type": "global"}},
        {"logName": f"{PARENT}/logs/x"},
        {"logName": f"{PARENT}/logs/x", "resource": {"type": "global"}, "timestamp": "yesterday"},
    ],
)
def test_an_entry_that_google_would_refuse_is_a_400(logging: Any, entry: dict[str, Any]) -> None:
    assert refused(logging.entries().write(body={"entries": [entry]}))[0] == 400


def test_every_change_is_in_the_audit_log(logging: Any, google_api: Api, unique: Names) -> None:
    accounts = google_api("iam", "v1").projects().serviceAccounts()
    accounts.create(name=PARENT, body={"accountId": unique("audited")}).execute()
    query = (
        f'logName="{PARENT}/logs/cloudaudit.googleapis.com%2Factivity" '
        'protoPayload.methodName="iam.projects.serviceAccounts.create"'
    )
    body = {"resourceNames": [PARENT], "filter": query, "orderBy": "timestamp desc", "pageSize": 1}
    [entry] = logging.entries().list(body=body).execute()["entries"]
    assert entry["protoPayload"]["authenticationInfo"]["principalEmail"] == f"owner@{PROJECT}.example"
    assert entry["protoPayload"]["serviceName"] == "iam.googleapis.com"


def test_who_may_not_see_logs_sees_none(
    logging: Any, google_api: Api, emulator: RunningEmulator, unique: Names
) -> None:
    assert logging is not None
    made = google_api("iam", "v1").projects().serviceAccounts().create(name=PARENT, body={"accountId": unique("blind")})
    name = made.execute()["name"]
    owner = f"user:owner@{PROJECT}.example"
    policy = {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [owner]}]}
    google_api("iam", "v1").projects().serviceAccounts().setIamPolicy(resource=name, body={"policy": policy}).execute()
    wanted = {"scope": ["https://www.googleapis.com/auth/logging.read"]}
    credentials = google_api("iamcredentials", "v1").projects().serviceAccounts()
    token = credentials.generateAccessToken(name=name, body=wanted).execute()["accessToken"]
    with client_as(emulator, token, "logging", "v2") as client:
        assert refused(client.entries().list(body={"resourceNames": [PARENT]}))[0] == 403
        entry = {"logName": f"{PARENT}/logs/x", "resource": {"type": "global"}, "textPayload": "x"}
        assert refused(client.entries().write(body={"entries": [entry]}))[0] == 403


def test_sinks(logging: Any, unique: Names) -> None:
    sinks = logging.projects().sinks()
    name = unique("sink")
    body = {"name": name, "destination": "storage.googleapis.com/audit", "filter": "severity>=ERROR"}
    made = sinks.create(parent=PARENT, uniqueWriterIdentity=True, body=body).execute()
    assert body.items() <= made.items()
    agent = f"service-{project_number(PROJECT)}@gcp-sa-logging.iam.gserviceaccount.com"
    assert made["writerIdentity"] == f"serviceAccount:{agent}"
    full = f"{PARENT}/sinks/{name}"
    assert sinks.get(sinkName=full).execute() == made
    changed = sinks.patch(sinkName=full, updateMask="filter", body={"filter": "severity>=ALERT"}).execute()
    assert (changed["filter"], changed["destination"]) == ("severity>=ALERT", body["destination"])
    assert refused(sinks.create(parent=PARENT, body=body))[0] == 409
    names = {sink["name"] for sink in sinks.list(parent=PARENT).execute()["sinks"]}
    assert {name, "_Default", "_Required"} <= names
    sinks.delete(sinkName=full).execute()
    assert refused(sinks.get(sinkName=full))[0] == 404
    assert refused(sinks.delete(sinkName=f"{PARENT}/sinks/_Required"))[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"destination": "gs://audit"},
        {"filter": "severity>="},
        {"name": "no spaces"},
        {"exclusions": [{"name": "x", "filter": "("}]},
    ],
)
def test_a_sink_that_google_would_refuse_is_a_400(logging: Any, unique: Names, fields: dict[str, Any]) -> None:
    body = {"name": unique("sink"), "destination": "storage.googleapis.com/audit", **fields}
    assert refused(logging.projects().sinks().create(parent=PARENT, body=body))[0] == 400


def test_buckets(logging: Any, unique: Names) -> None:
    buckets = logging.projects().locations().buckets()
    location = f"{PARENT}/locations/us-central1"
    bucket_id = unique("bucket")
    name = f"{location}/buckets/{bucket_id}"
    assert refused(buckets.get(name=name))[0] == 404
    operation = buckets.createAsync(parent=location, bucketId=bucket_id, body={"retentionDays": 90}).execute()
    assert operation["done"] is True
    assert operation["response"]["name"] == name
    got = logging.projects().locations().operations().get(name=operation["name"]).execute()
    assert got["response"] == operation["response"]
    changed = buckets.patch(name=name, updateMask="retentionDays", body={"retentionDays": 120}).execute()
    assert (changed["retentionDays"], changed["lifecycleState"]) == (120, "ACTIVE")
    analytics = buckets.updateAsync(name=name, updateMask="analyticsEnabled", body={"analyticsEnabled": True})
    assert analytics.execute()["response"]["analyticsEnabled"] is True
    buckets.delete(name=name).execute()
    assert buckets.get(name=name).execute()["lifecycleState"] == "DELETE_REQUESTED"
    buckets.undelete(name=name, body={}).execute()
    assert buckets.get(name=name).execute()["lifecycleState"] == "ACTIVE"
    default = f"{PARENT}/locations/global/buckets/_Default"
    assert buckets.get(name=default).execute()["retentionDays"] == 30
    assert refused(buckets.delete(name=default))[0] == 400
    required = f"{PARENT}/locations/global/buckets/_Required"
    assert refused(buckets.patch(name=required, updateMask="retentionDays", body={"retentionDays": 1}))[0] == 400
