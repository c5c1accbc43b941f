"""The background's work on a clock of the test's own: lifecycle rules, the end of soft delete, forgotten uploads."""

from typing import Any

import httpx
import pytest

from emulator.services.storage import api, housekeeping
from emulator.services.storage.buckets import rules
from emulator.services.storage.buckets.rows import Bucket, insert
from emulator.services.storage.objects import rows, sessions
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.tables import LIVE, NONCURRENT, SOFT_DELETED
from emulator.state.clock import Clock
from tests.emulator.conftest import InProcess
from tests.emulator.services.storage.conftest import Raw

DAY = 86_400.0


class Later(Clock):
    """A clock that the test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = 0.0

    def seconds(self) -> float:
        return super().seconds() + self.offset


@pytest.fixture
def clock(in_process: InProcess) -> Later:
    """The emulator's clock."""
    clock = Later()
    in_process.emulator.clock = clock
    return clock


def make_bucket(in_process: InProcess, **body: Any) -> None:
    now = int(in_process.emulator.clock.seconds() * 1_000_000)
    full = rules.created(body, "b-1", now, object_retention=False)
    in_process.write(insert, Bucket("b-1", in_process.settings.project, 1, now, now, full))


def put(in_process: InProcess, name: str, data: bytes = b"x") -> StoredObject:
    return in_process.run(api.put_object(in_process.emulator, "b-1", name, data, "text/plain"))


def states(in_process: InProcess) -> list[tuple[str, int]]:
    found = rows.iterate(in_process.emulator.db, "b-1", states=(LIVE, NONCURRENT, SOFT_DELETED))
    return [(version.name, version.state) for version in found]


def run(in_process: InProcess) -> housekeeping.Report:
    return in_process.run(housekeeping.run(in_process.emulator))


def test_deletes_by_age_and_purges_after_soft_delete(in_process: InProcess, clock: Later) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"age": 30, "matchesPrefix": ["tmp/"]}}
    make_bucket(in_process, lifecycle={"rule": [rule]})
    blob = put(in_process, "tmp/x").blob_id
    put(in_process, "kept")
    assert run(in_process) == housekeeping.Report()
    clock.offset = 30 * DAY
    assert run(in_process).deleted == 1
    assert states(in_process) == [("kept", LIVE), ("tmp/x", SOFT_DELETED)]
    clock.offset = 36 * DAY
    assert run(in_process) == housekeeping.Report()
    clock.offset = 38 * DAY
    assert run(in_process).purged == 1
    assert states(in_process) == [("kept", LIVE)]
    assert not in_process.emulator.blobs.path(blob).exists()


def test_noncurrent_versions(in_process: InProcess, clock: Later) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"numNewerVersions": 2}}
    off = {"retentionDurationSeconds": "0"}
    make_bucket(in_process, lifecycle={"rule": [rule]}, versioning={"enabled": True}, softDeletePolicy=off)
    for _ in range(4):
        put(in_process, "x")
    assert run(in_process).deleted == 2
    assert states(in_process) == [("x", NONCURRENT), ("x", LIVE)]
    assert run(in_process) == housekeeping.Report()
    assert clock.offset == 0


def test_storage_class_changes_once(in_process: InProcess, clock: Later) -> None:
    rule = {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 60}}
    make_bucket(in_process, lifecycle={"rule": [rule]})
    put(in_process, "x")
    clock.offset = 61 * DAY
    assert run(in_process).reclassified == 1
    found = api.get_object(in_process.emulator, "b-1", "x")
    assert found is not None
    assert (found.storage_class, found.metageneration) == ("NEARLINE", 2)
    assert found.class_updated > found.created
    assert run(in_process) == housekeeping.Report()


def test_retained_objects_stay(in_process: InProcess, clock: Later) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"age": 1}}
    make_bucket(in_process, lifecycle={"rule": [rule]}, retentionPolicy={"retentionPeriod": str(int(5 * DAY))})
    put(in_process, "x")
    clock.offset = 2 * DAY
    assert run(in_process).deleted == 0
    clock.offset = 6 * DAY
    assert run(in_process).deleted == 1


def test_forgotten_uploads_go_with_their_files(in_process: InProcess, clock: Later) -> None:
    emulator = in_process.emulator
    make_bucket(in_process)
    folder = sessions.folder(emulator)
    now = int(clock.seconds() * 1_000_000)
    sql = "INSERT INTO storage_uploads VALUES (?, 'b-1', 'x', ?, 0, '{}', NULL)"
    in_process.write(lambda tx: tx.execute(sql, ("known", now)).rowcount)
    for name in ("known", "orphan"):
        (folder / name).write_bytes(b"x")
    assert run(in_process).uploads == 0
    assert [path.name for path in folder.iterdir()] == ["known"]
    clock.offset = 7 * DAY + 1
    assert run(in_process).uploads == 1
    assert list(folder.iterdir()) == []


def test_what_other_services_use(in_process: InProcess, clock: Later) -> None:
    emulator = in_process.emulator
    make_bucket(in_process)
    stored = put(in_process, "a/1", b"one")
    put(in_process, "a/2")
    put(in_process, "b")
    assert [found.name for found in api.iter_objects(emulator, "b-1", "a/")] == ["a/1", "a/2"]
    assert api.get_object(emulator, "b-1", "a/1") == stored
    assert api.get_object(emulator, "b-1", "zz") is None
    assert in_process.run(emulator.blobs.read(stored.blob_id)) == b"one"
    assert api.get_bucket(emulator, "b-1")["location"] == "US"
    in_process.write(api.delete_in, emulator, "b-1", "b")
    assert [found.name for found in api.iter_objects(emulator, "b-1")] == ["a/1", "a/2"]
    assert clock.offset == 0


def test_on_demand(http: httpx.Client, raw: Raw) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"age": 0, "matchesPrefix": ["tmp/"]}}
    raw.http.patch(f"/storage/v1/b/{raw.bucket}", json={"lifecycle": {"rule": [rule]}}).raise_for_status()
    raw.upload("tmp/x", b"1")
    raw.upload("y", b"1")
    [report] = http.post("/_emulator/chores").raise_for_status().json()["storage"]
    assert report["deleted"] == 1
    assert [item["name"] for item in raw.objects().json()["items"]] == ["y"]
