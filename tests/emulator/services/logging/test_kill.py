"""kill -9 while sinks deliver to Cloud Storage, BigQuery and Pub/Sub: every entry arrives.

KILL_ROUNDS says how often the emulator is killed, once where it says nothing.
"""

import base64
import os
import urllib.parse
import urllib.request

import orjson
import pytest

from tests.conftest import PROJECT, StartEmulator
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

ROUNDS, ENTRIES = int(os.environ.get("KILL_ROUNDS", "1")), 300
TABLES = f"/bigquery/v2/projects/{PROJECT}/datasets/logs/tables"
LOG = f"projects/{PROJECT}/logs/scans"


def make_sinks(emulator: RunningEmulator) -> None:
    """A sink of the log to each kind of destination, whose writer may do everything in the project."""
    dataset = {"datasetReference": {"datasetId": "logs"}}
    ask(emulator, "POST", f"/bigquery/v2/projects/{PROJECT}/datasets", dataset)
    ask(emulator, "POST", f"/storage/v1/b?project={PROJECT}", {"name": "logs"})
    ask(emulator, "PUT", f"/v1/projects/{PROJECT}/topics/logs", {})
    pulled = {"topic": f"projects/{PROJECT}/topics/logs", "ackDeadlineSeconds": 600}
    ask(emulator, "PUT", f"/v1/projects/{PROJECT}/subscriptions/logs", pulled)
    writers = []
    for name, destination in {
        "bucket": "storage.googleapis.com/logs",
        "tables": f"bigquery.googleapis.com/projects/{PROJECT}/datasets/logs",
        "topic": f"pubsub.googleapis.com/projects/{PROJECT}/topics/logs",
    }.items():
        sink = {"name": name, "destination": destination, "filter": f'logName="{LOG}"'}
        path = f"/v2/projects/{PROJECT}/sinks?uniqueWriterIdentity=true"
        writers.append(ask(emulator, "POST", path, sink)["writerIdentity"])
    policy = ask(emulator, "POST", f"/v1/projects/{PROJECT}:getIamPolicy", {})
    for role in ("roles/storage.objectCreator", "roles/bigquery.dataEditor", "roles/pubsub.publisher"):
        policy["bindings"].append({"role": role, "members": sorted(set(writers))})
    ask(emulator, "POST", f"/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})


def write(emulator: RunningEmulator, texts: list[str]) -> None:
    entries = [{"textPayload": text, "timestamp": "2026-01-02T08:00:00Z"} for text in texts]
    ask(emulator, "POST", "/v2/entries:write", {"logName": LOG, "resource": {"type": "global"}, "entries": entries})


def in_bucket(emulator: RunningEmulator) -> set[str]:
    ask(emulator, "POST", "/_emulator/chores")
    names = [one["name"] for one in ask(emulator, "GET", "/storage/v1/b/logs/o").get("items", [])]
    return {orjson.loads(line)["textPayload"] for name in names for line in content(emulator, name).splitlines()}


def content(emulator: RunningEmulator, name: str) -> bytes:
    url = f"{emulator.base_url}/storage/v1/b/logs/o/{urllib.parse.quote(name, safe='')}?alt=media"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {emulator.owner_token}"})
    with urllib.request.urlopen(request) as answer:
        data: bytes = answer.read()
    return data


def in_tables(emulator: RunningEmulator) -> set[str]:
    names = [one["tableReference"]["tableId"] for one in ask(emulator, "GET", TABLES).get("tables", [])]
    pages = [ask(emulator, "GET", f"{TABLES}/{name}/data?selectedFields=textPayload") for name in names]
    return {row["f"][0]["v"] for page in pages for row in page.get("rows", [])}


def pulled(emulator: RunningEmulator) -> set[str]:
    """What comes next; unacknowledged, so that it comes again after a kill only."""
    path = f"/v1/projects/{PROJECT}/subscriptions/logs:pull"
    received = ask(emulator, "POST", path, {"maxMessages": 1000}).get("receivedMessages", [])
    return {orjson.loads(base64.b64decode(one["message"]["data"]))["textPayload"] for one in received}


@pytest.mark.crash
def test_no_entry_is_lost_on_its_way(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    make_sinks(emulator)
    written: set[str] = set()
    for number in range(ROUNDS):
        texts = [f"{number}-{each}" for each in range(ENTRIES)]
        for first in range(0, ENTRIES, 50):
            write(emulator, texts[first : first + 50])
        written |= set(texts)
        emulator.kill()
        emulator.start()
    for found in (in_tables, in_bucket):
        eventually(lambda: found(emulator), lambda there: there >= written)  # noqa: B023  called in this round
    seen: set[str] = set()
    eventually(lambda: seen.update(pulled(emulator)), lambda _: seen >= written)
    assert seen == in_tables(emulator) == in_bucket(emulator) == written
