"""hl7V2Stores.rollback, and what is planned for a message."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.services.healthcare.hl7v2.stored import State
from emulator.services.healthcare.hl7v2.undoing import Plan, Wanted, plan
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store, encoded
from tests.emulator.services.healthcare.hl7v2.test_messages import sent
from tests.support.emulator import RunningEmulator

Json = dict[str, Any]


@pytest.fixture
def bucket(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    """A bucket that the agent may read and write."""
    return transfers.make_bucket(emulator, unique("rolled"), "roles/storage.objectAdmin")


@pytest.fixture
def history(hl7v2: Hl7V2Store) -> tuple[list[str], list[Json], str]:
    """A store's messages 0 to 3, as they were, and when that was: then 0 was deleted, 1 relabelled, 4 made."""
    names = [hl7v2.create(sent(number), labels={"n": str(number)})["name"] for number in range(4)]
    before = hl7v2.list(view="FULL")
    at = moment()
    hl7v2.messages.delete(name=names[0]).execute()
    hl7v2.messages.patch(name=names[1], updateMask="labels", body={"labels": {"n": "x"}}).execute()
    names.append(hl7v2.create(sent(4))["name"])
    return names, before, at


def moment() -> str:
    """A time that all changes up to now lie before, and all to come after."""
    now = datetime.now(UTC)
    while datetime.now(UTC) <= now + timedelta(microseconds=1):
        time.sleep(0.001)
    found = datetime.now(UTC)
    while datetime.now(UTC) <= found + timedelta(microseconds=1):
        time.sleep(0.001)
    return found.isoformat().replace("+00:00", "Z")


def rollback(emulator: RunningEmulator, store: Hl7V2Store, bucket: str, at: str, **more: Any) -> Json:
    """The operation of a rollback that has ended."""
    body = {"rollbackTime": at, "resultGcsBucket": f"gs://{bucket}/results", **more}
    return transfers.run(emulator, store.name, "rollback", body)


def report(emulator: RunningEmulator, bucket: str, operation: Json, file: str) -> list[str]:
    """The lines of a file of results."""
    number = operation["name"].rpartition("/")[2]
    name = f"results/rollback_messages/{number}/{file}-1-of-1.txt"
    return transfers.download(emulator, bucket, name).decode().splitlines()


def ids(names: list[str]) -> list[str]:
    """The ids of messages."""
    return [name.rpartition("/")[2] for name in names]


def test_messages_are_as_they_were(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, history: tuple[list[str], list[Json], str], bucket: str
) -> None:
    names, before, at = history
    operation = rollback(emulator, hl7v2, bucket, at, force=True)
    assert operation["metadata"]["counter"] == {"success": "3"}
    assert operation["response"] == {
        "@type": "type.googleapis.com/google.cloud.healthcare.v1.hl7v2.RollbackHl7V2MessagesResponse",
        "hl7v2Store": hl7v2.name,
    }
    assert hl7v2.list(view="FULL") == before
    assert report(emulator, bucket, operation, "success") == ids([names[0], names[1], names[4]])
    assert report(emulator, bucket, operation, "fail") == []
    again = rollback(emulator, hl7v2, bucket, at, force=True)
    assert again["metadata"].get("counter", {}) == {}


def test_trial_changes_nothing(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, history: tuple[list[str], list[Json], str], bucket: str
) -> None:
    names, _, at = history
    now = hl7v2.list(view="FULL")
    operation = rollback(emulator, hl7v2, bucket, at)
    assert report(emulator, bucket, operation, "trial") == ids([names[0], names[1], names[4]])
    assert hl7v2.list(view="FULL") == now


@pytest.mark.parametrize(("change", "number"), [("CREATE", 4), ("UPDATE", 1), ("DELETE", 0)])
def test_changes_of_a_kind(
    emulator: RunningEmulator,
    hl7v2: Hl7V2Store,
    history: tuple[list[str], list[Json], str],
    bucket: str,
    change: str,
    number: int,
) -> None:
    names, _, at = history
    operation = rollback(emulator, hl7v2, bucket, at, changeType=change, force=True)
    assert report(emulator, bucket, operation, "success") == ids([names[number]])


def test_only_what_a_list_names(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, history: tuple[list[str], list[Json], str], bucket: str
) -> None:
    names, _, at = history
    transfers.upload(emulator, bucket, "ids.txt", f"{ids(names)[4]}\n{names[3]}\nnone\n".encode())
    operation = rollback(emulator, hl7v2, bucket, at, inputGcsObject=f"gs://{bucket}/ids.txt", force=True)
    assert operation["metadata"]["counter"] == {"success": "1", "failure": "1"}
    assert report(emulator, bucket, operation, "fail") == ["none\tThere is no such message."]
    (entry,) = transfers.log_entries(emulator, operation["name"])
    assert entry["jsonPayload"]["source"] == f"{hl7v2.name}/messages/none"


def test_only_what_an_operation_changed(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, history: tuple[list[str], list[Json], str], bucket: str
) -> None:
    _, _, at = history
    content = b"".join(b'{"data": "%s"}\n' % encoded(sent(number)).encode() for number in (2, 7))
    transfers.upload(emulator, bucket, "import.ndjson", content)
    imported = transfers.run(emulator, hl7v2.name, "import", {"gcsSource": {"uri": f"gs://{bucket}/import.ndjson"}})
    fields = {"operationIds": [imported["name"].rpartition("/")[2]]}
    operation = rollback(emulator, hl7v2, bucket, at, filteringFields=fields, force=True)
    assert operation["metadata"]["counter"] == {"success": "2"}
    assert [each.get("labels") for each in hl7v2.list(view="RAW_ONLY")] == [{"n": "x"}, {"n": "2"}, {"n": "3"}, None]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"resultGcsBucket": "gs://bucket"}, "rollbackTime is required"),
        ({"rollbackTime": "2020-01-01T00:00:00Z", "resultGcsBucket": "gs://bucket"}, "last 21 days"),
        ({"rollbackTime": "soon", "resultGcsBucket": "gs://bucket"}, "rollbackTime"),
        ({"rollbackTime": "2999-01-01T00:00:00Z", "resultGcsBucket": "gs://bucket"}, "last 21 days"),
        ({"rollbackTime": "2020-01-01T00:00:00Z"}, "resultGcsBucket"),
        ({"resultGcsBucket": "gs://bucket", "inputGcsObject": "x"}, "inputGcsObject"),
    ],
)
def test_what_cant_be_started_is_a_400_that_says_why(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, body: Json, words: str
) -> None:
    code, answer = emulator.request("POST", f"/v1/{hl7v2.name}:rollback", body)
    assert (code, words in answer["error"]["message"]) == (400, True), answer


def test_agent_must_be_allowed_to_write_the_results(
    emulator: RunningEmulator, hl7v2: Hl7V2Store, unique: Callable[[str], str]
) -> None:
    closed = transfers.make_bucket(emulator, unique("closed"))
    assert rollback(emulator, hl7v2, closed, moment(), force=True)["error"]["code"] == 7


def state(changed: int, *, live: bool = True, labels: str = "{}", operation: str = "") -> State:
    """A state of a message that was made at the time 1."""
    return State(live, changed, 1, operation, labels)


OLD, RELABELLED, GONE = state(5), state(15, labels='{"a":"b"}', operation="7"), state(15, live=False)


@pytest.mark.parametrize(
    ("states", "wanted", "made"),
    [
        ([OLD], Wanted(10), None),
        ([state(15)], Wanted(10), Plan(None)),
        ([RELABELLED, OLD], Wanted(10), Plan(OLD)),
        ([GONE, OLD], Wanted(10), Plan(OLD)),
        ([state(20, live=False), state(15)], Wanted(10), None),
        ([state(20), RELABELLED, OLD], Wanted(10), None),
        ([RELABELLED, OLD], Wanted(10, operations=frozenset("8")), None),
        ([RELABELLED, OLD], Wanted(10, operations=frozenset("7")), Plan(OLD)),
        ([RELABELLED, OLD], Wanted(10, excluded=frozenset("7")), None),
        ([state(20), RELABELLED, OLD], Wanted(10, excluded=frozenset("7")), Plan(RELABELLED)),
        ([RELABELLED, OLD], Wanted(10, "CREATE"), None),
        ([GONE, OLD], Wanted(10, "DELETE"), Plan(OLD)),
    ],
)
def test_plan(states: list[State], wanted: Wanted, made: Plan | None) -> None:
    assert plan(states, wanted) == made
