"""/_emulator/snapshots: what a state was comes again, whatever became of it, and after a kill at any moment."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

PATH = "/_emulator/snapshots"
BUCKET = "snapshot-bucket"


@pytest.fixture
def running(start_emulator: StartEmulator) -> RunningEmulator:
    return start_emulator()


def call(running: RunningEmulator, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {running.owner_token}"}
    return httpx.request(method, running.base_url + path, json=body, headers=headers, timeout=PATIENCE)


def make_bucket(running: RunningEmulator) -> None:
    body = {"name": BUCKET, "softDeletePolicy": {"retentionDurationSeconds": "0"}}
    assert call(running, "POST", f"/storage/v1/b?project={running.project}", body).is_success


def write(running: RunningEmulator, name: str, data: bytes) -> None:
    headers = {"authorization": f"Bearer {running.owner_token}"}
    url = f"{running.base_url}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}"
    assert httpx.post(url, content=data, headers=headers, timeout=PATIENCE).is_success


def read(running: RunningEmulator, name: str) -> bytes | None:
    answer = call(running, "GET", f"/storage/v1/b/{BUCKET}/o/{name}?alt=media")
    return answer.content if answer.is_success else None


def save(running: RunningEmulator, name: str = "base") -> None:
    answer = call(running, "POST", PATH, {"name": name})
    assert answer.json()["name"] == name


def restore(running: RunningEmulator, name: str = "base") -> None:
    assert call(running, "POST", f"{PATH}/{name}:restore").json() == {}


def query(running: RunningEmulator, sql: str) -> list[list[str]]:
    path = f"/bigquery/v2/projects/{running.project}/queries"
    body = {"query": sql, "useLegacySql": False, "timeoutMs": 100_000}
    answer = call(running, "POST", path, body)
    assert answer.is_success, answer.text
    return [[cell["v"] for cell in row["f"]] for row in answer.json().get("rows", [])]


def files(running: RunningEmulator) -> int:
    return sum(1 for path in (running.state / "blobs").rglob("*") if path.is_file())


def test_objects_that_were_changed_and_deleted_come_again_more_than_once(running: RunningEmulator) -> None:
    make_bucket(running)
    write(running, "changed", b"before")
    write(running, "deleted", b"there")
    save(running)
    for _ in range(2):
        write(running, "changed", b"after")
        write(running, "new", b"new")
        assert call(running, "DELETE", f"/storage/v1/b/{BUCKET}/o/deleted").is_success
        restore(running)
        contents = [read(running, name) for name in ("changed", "deleted", "new")]
        assert contents == [b"before", b"there", None]


def test_rows_of_bigquery_come_again(running: RunningEmulator) -> None:
    query(running, "CREATE SCHEMA kept")
    query(running, "CREATE TABLE kept.numbers AS SELECT 1 AS n")
    save(running)
    query(running, "INSERT INTO kept.numbers VALUES (2)")
    assert query(running, "SELECT count(*) FROM kept.numbers") == [["2"]]
    restore(running)
    assert query(running, "SELECT n FROM kept.numbers") == [["1"]]


def test_a_reset_leaves_snapshots_and_a_restore_survives_a_kill(running: RunningEmulator) -> None:
    make_bucket(running)
    write(running, "kept", b"there")
    save(running)
    assert call(running, "POST", "/_emulator/reset").json() == {}
    assert read(running, "kept") is None
    restore(running)
    running.kill()
    running.start()
    assert read(running, "kept") == b"there"


def test_files_that_neither_state_nor_snapshot_names_go(running: RunningEmulator) -> None:
    make_bucket(running)
    write(running, "kept", b"there")
    save(running)
    write(running, "new", b"new")
    restore(running)
    running.restart()
    while files(running) > 1:
        assert read(running, "kept") == b"there"
    assert call(running, "DELETE", f"/storage/v1/b/{BUCKET}/o/kept").is_success
    assert files(running) == 1
    assert call(running, "DELETE", f"{PATH}/base").json() == {}
    assert files(running) == 0


def test_names_are_listed_taken_once_and_checked(running: RunningEmulator) -> None:
    assert call(running, "GET", PATH).json() == {"snapshots": []}
    save(running, "two")
    save(running, "one")
    assert [each["name"] for each in call(running, "GET", PATH).json()["snapshots"]] == ["one", "two"]
    assert call(running, "POST", PATH, {"name": "one"}).status_code == 409
    assert call(running, "POST", PATH, {"name": "../one"}).status_code == 400
    missing = call(running, "POST", f"{PATH}/three:restore")
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == "There is no snapshot three; there are: one, two."
    assert call(running, "DELETE", f"{PATH}/three").status_code == 404
    assert call(running, "PATCH", f"{PATH}/one").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_the_owner_may(running: RunningEmulator, method: str) -> None:
    answer = httpx.request(method, running.base_url + PATH, json={"name": "mine"}, timeout=PATIENCE)
    assert answer.status_code == 403


@pytest.mark.crash
def test_a_kill_at_any_moment_leaves_one_state_or_the_other(running: RunningEmulator) -> None:
    """The object and the row beside it are of the same state, at moments spread over a whole restore."""
    make_bucket(running)
    write(running, "one", b"old")
    write(running, "two", b"old")
    save(running, "old")
    write(running, "one", b"new")
    write(running, "two", b"new")
    save(running, "new")
    for moment in range(3):
        for name in ("old", "new"):
            answers = _restore_and_kill(running, name, moment * 0.04)
            running.start()
            contents = {read(running, "one"), read(running, "two")}
            assert contents in ({b"old"}, {b"new"})
            assert not answers or contents == {name.encode()}


def _restore_and_kill(running: RunningEmulator, name: str, seconds: float) -> list[int]:
    """Kill it that long after it was asked to restore; gives the status if it had answered."""
    answered: list[int] = []

    def ask() -> None:
        with contextlib.suppress(httpx.TransportError):
            answered.append(call(running, "POST", f"{PATH}/{name}:restore").status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(seconds)
    before = list(answered)
    running.kill()
    asking.join()
    return before


def test_a_file_of_one_state_folder_is_restored_in_another(
    running: RunningEmulator, start_emulator: StartEmulator, tmp_path: Path
) -> None:
    from emulator import snapshotting

    make_bucket(running)
    write(running, "kept", b"there")
    file = tmp_path / "state.tar"
    assert snapshotting.run(running.state, "save", str(file), running.root_key) == 0
    other = start_emulator(*(("--encrypt-at-rest", str(running.root_key)) if running.root_key else ()))
    assert snapshotting.run(other.state, "restore", str(file)) == 0
    assert read(other, "kept") == b"there"
    assert call(other, "GET", PATH).json() == {"snapshots": []}
    other.restart()
    assert read(other, "kept") == b"there"


def test_a_stopped_emulator_is_saved_and_restored(running: RunningEmulator) -> None:
    from emulator import snapshotting

    make_bucket(running)
    write(running, "kept", b"there")
    running.stop()
    snapshotting.run(running.state, "save", "base", running.root_key)
    running.start()
    write(running, "kept", b"changed")
    running.stop()
    snapshotting.run(running.state, "restore", "base")
    running.start()
    assert read(running, "kept") == b"there"
