"""kill -9 while subscriptions write to BigQuery and Cloud Storage: every message arrives.

PUBSUB_KILL_MESSAGES says how many, 2,500 where it says nothing; KILL_ROUNDS how often the emulator is killed.
"""

import base64
import os
import urllib.request
from collections.abc import Callable

import pytest

from emulator.settings import project_number
from tests.conftest import PROJECT, StartEmulator
from tests.support.accounts import grant
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

COUNT = max(2500, int(os.environ.get("PUBSUB_KILL_MESSAGES", "0")))
ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
AGENT = f"service-{project_number(PROJECT)}@gcp-sa-pubsub.iam.gserviceaccount.com"
TABLES = f"/bigquery/v2/projects/{PROJECT}/datasets/events/tables"


def in_table(emulator: RunningEmulator) -> set[str]:
    """The data of all rows."""
    found: set[str] = set()
    token = ""
    while True:
        code, page = emulator.request("GET", f"{TABLES}/messages/data?maxResults=50000&pageToken={token}")
        assert code == 200, page
        found |= {row["f"][0]["v"] for row in page.get("rows", [])}
        token = page.get("pageToken", "")
        if not token:
            return found


def in_bucket(emulator: RunningEmulator) -> set[str]:
    """The lines of all files, once what is held back is written."""
    assert emulator.request("POST", "/_emulator/chores")[0] == 200
    names = [one["name"] for one in emulator.request("GET", "/storage/v1/b/events/o")[1].get("items", [])]
    return {line for name in names for line in content(emulator, name).decode().splitlines()}


def content(emulator: RunningEmulator, name: str) -> bytes:
    url = f"{emulator.base_url}/storage/v1/b/events/o/{name.replace('/', '%2F').replace(':', '%3A')}?alt=media"
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {emulator.owner_token}"})
    with urllib.request.urlopen(asked) as answer:
        data: bytes = answer.read()
    return data


def made(emulator: RunningEmulator) -> str:
    """A topic with a subscription to a table and one to a bucket; its name."""
    access = [{"role": "OWNER", "specialGroup": "projectOwners"}, {"role": "WRITER", "userByEmail": AGENT}]
    dataset = {"datasetReference": {"datasetId": "events"}, "access": access}
    assert emulator.request("POST", f"/bigquery/v2/projects/{PROJECT}/datasets", dataset)[0] == 200
    schema = {"fields": [{"name": "data", "type": "STRING"}]}
    assert emulator.request("POST", TABLES, {"tableReference": {"tableId": "messages"}, "schema": schema})[0] == 200
    assert emulator.request("POST", f"/storage/v1/b?project={PROJECT}", {"name": "events"})[0] == 200
    for role in ("roles/storage.objectCreator", "roles/storage.legacyBucketReader"):
        grant(emulator, "buckets/events", f"serviceAccount:{AGENT}", role)
    topic = f"projects/{PROJECT}/topics/events"
    assert emulator.request("PUT", f"/v1/{topic}", {})[0] == 200
    for name, config in {
        "table": {"bigqueryConfig": {"table": f"{PROJECT}.events.messages"}},
        "bucket": {"cloudStorageConfig": {"bucket": "events", "maxMessages": "1000"}},
    }.items():
        wanted = {"topic": topic, "ackDeadlineSeconds": 10, **config}
        code, answer = emulator.request("PUT", f"/v1/projects/{PROJECT}/subscriptions/{name}", wanted)
        assert code == 200, answer
    return topic


def publish(emulator: RunningEmulator, topic: str, texts: list[str]) -> None:
    for first in range(0, len(texts), 1000):
        messages = [{"data": base64.b64encode(text.encode()).decode()} for text in texts[first : first + 1000]]
        assert emulator.request("POST", f"/v1/{topic}:publish", {"messages": messages})[0] == 200


def until(found: Callable[[RunningEmulator], set[str]], emulator: RunningEmulator, wanted: set[str]) -> None:
    """Wait until everything wanted is there, and see that nothing else is."""
    assert eventually(lambda: found(emulator), lambda seen: seen >= wanted) == wanted


@pytest.mark.crash
def test_no_message_is_lost_on_its_way_to_a_table_or_a_bucket(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    topic, published = made(emulator), list[str]()
    for number in range(ROUNDS):
        texts = [f"{number}-{each}" for each in range(COUNT // ROUNDS)]
        publish(emulator, topic, texts)
        published += texts
        before = set(published[: -len(texts)])
        eventually(lambda: in_table(emulator), lambda found: found - before)  # noqa: B023  called in this round
        emulator.kill()
        emulator.start()
    until(in_table, emulator, set(published))
    until(in_bucket, emulator, set(published))
