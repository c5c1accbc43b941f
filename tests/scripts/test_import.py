"""`import` and `export` against the emulator: bad files, missing grants, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.cloud import storage

from tests.conftest import StartEmulator
from tests.scripts.conftest import Live, Run, live_on
from tests.scripts.files import small_film, write_films
from tests.support.patience import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[2]


def found(run: Run, live: Live, *filters: str) -> int:
    return len(json.loads(run("search", "instances", *filters, "--limit", 0, "--json", "--outputs", live.path).out))


def test_what_is_no_dicom_is_named_and_the_rest_imported(run: Run, live: Live, landing: storage.Bucket) -> None:
    whole = small_film("mixed", 1)
    landing.blob("mixed/1.dcm").upload_from_string(whole)
    landing.blob("mixed/cut.dcm").upload_from_string(small_film("mixed", 2)[:-100])
    landing.blob("mixed/notes.dcm").upload_from_string("not a film")
    landing.blob("mixed/empty.dcm").upload_from_string("")
    ended = run("import", f"gs://{landing.name}/mixed/**.dcm", "--json", "--outputs", live.path)
    assert ended.code == 3
    printed = json.loads(ended.out)
    assert (printed["success"], printed["failure"], printed["state"]) == (1, 3, "done")
    names = {each["file"] for each in printed["failed"]}
    assert names == {f"gs://{landing.name}/mixed/{name}.dcm" for name in ("cut", "notes", "empty")}
    assert "1 instance imported; 3 failed" in ended.err
    operation = printed["name"].rsplit("/", 1)[1]
    shown = json.loads(run("operations", "get", operation, "--json", "--outputs", live.path).out)
    assert shown["failed"] == printed["failed"]


def test_importing_twice_changes_nothing(run: Run, live: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "same", "same", 3)
    assert run("load", tmp_path / "same", "--import", "--outputs", live.path).code == 0
    assert run("load", tmp_path / "same", "--import", "--outputs", live.path).code == 0
    assert found(run, live, "PatientID=same") == 3


def test_a_pattern_that_matches_nothing(run: Run, live: Live, landing: storage.Bucket) -> None:
    ended = run("import", f"gs://{landing.name}/nothing-here/**.dcm", "--outputs", live.path)
    assert "Traceback" not in ended.err
    assert ended.err.count("\n") == 1


@pytest.fixture
def no_grant(landing: storage.Bucket) -> Iterator[None]:
    """Take the agent's grant on the landing bucket away, and give it back."""
    policy = landing.get_iam_policy(requested_policy_version=3)
    kept = list(policy.bindings)
    policy.bindings = [each for each in kept if each["role"] != "roles/storage.objectViewer"]
    landing.set_iam_policy(policy)
    yield
    policy = landing.get_iam_policy(requested_policy_version=3)
    policy.bindings = kept
    landing.set_iam_policy(policy)


@pytest.mark.usefixtures("no_grant")
def test_an_agent_without_its_grant(run: Run, live: Live) -> None:
    ended = run("import", "--outputs", live.path)
    assert ended.code == 1
    assert ended.err.startswith("error: Healthcare API doesn't have required Cloud Storage permission.")
    on = f"lacks storage.objects.get on gs://{live.outputs.landing_bucket}: run `pulumi up --refresh`, which grants it"
    assert on in ended.err
    assert live.outputs.healthcare_agent_email in ended.err
    status = run("status", "--outputs", live.path)
    assert status.code == 1
    failed = [line for line in status.out.splitlines() if line.startswith("failed")]
    assert len(failed) == 1
    assert "agent reads landing bucket" in failed[0]
    assert "lacks roles/storage.objectViewer: run `pulumi up --refresh`" in failed[0]


def test_export_to_a_bucket(run: Run, live: Live, tmp_path: Path, landing: storage.Bucket) -> None:
    write_films(tmp_path / "leaving", "leaving", 2)
    run("load", tmp_path / "leaving", "--import", "--outputs", live.path)
    place = f"gs://{live.outputs.export_bucket}/there"
    ended = run("export", "--to", place, "--json", "--outputs", live.path)
    assert ended.code == 0
    printed = json.loads(ended.out)
    objects = list(landing.client.list_blobs(live.outputs.export_bucket, prefix="there/"))
    assert printed["success"] == len(objects) >= 2
    assert all(blob.name.count("/") == 3 and blob.name.endswith(".dcm") for blob in objects)


def test_export_to_a_bucket_that_is_not_there(run: Run, live: Live) -> None:
    ended = run("export", "--to", "gs://no-such-bucket-anywhere/x", "--outputs", live.path)
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1


@pytest.fixture
def slow(start_emulator: StartEmulator, tmp_path: Path) -> Live:
    """An emulator whose operations take their time, so that there is time to interrupt one."""
    return live_on(start_emulator("--operations", "delay:60", project="slow-project"), tmp_path)


@contextmanager
def on_terminal(live: Live, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A running command whose three streams are a terminal, and the terminal's other end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts", *arguments, "--outputs", str(live.path)],
        cwd=ROOT,
        env={**os.environ, **live.variables, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    with process:
        try:
            yield process, ours
        finally:
            process.kill()
            os.close(ours)


def read_until(terminal: int, wanted: str) -> str:
    """What the terminal shows, up to `wanted` or the end."""
    shown = ""
    deadline = time.monotonic() + PATIENCE
    while wanted not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"the terminal never showed {wanted!r}, but {shown!r}"
        try:
            read = os.read(terminal, 65536)
        except OSError:
            read = b""
        if not read:
            break
        shown += read.decode()
    return shown


def operations(run: Run, live: Live) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(run("operations", "list", "--json", "--outputs", live.path).out)
    return [each for each in listed if each["method"] == "ImportDicomData"]


def wait_for_operation(run: Run, live: Live) -> None:
    eventually(lambda: operations(run, live))


def wait_for_calls(live: Live, method: str) -> None:
    """Wait until somebody has called a method for which a fault is set."""

    def calls() -> int:
        faults = live.emulator.request("GET", "/_emulator/faults")[1]["faults"]
        return sum(int(fault["calls"]) for fault in faults if fault["method"] == method)

    eventually(calls)


def test_ctrl_c_during_import_asks_and_cancels(run: Run, slow: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in slow.variables.items():
        monkeypatch.setenv(name, value)
    with on_terminal(slow, "import") as (process, terminal):
        wait_for_operation(run, slow)
        read_until(terminal, "Importing")
        process.send_signal(signal.SIGINT)
        read_until(terminal, "cancel it, leave it running, or wait?")
        os.write(terminal, b"cancel\n")
        said = read_until(terminal, "was cancelled after 0 of its files")
        assert process.wait(PATIENCE) == 1
    assert "Traceback" not in said
    assert [each["state"] for each in operations(run, slow)] == ["cancelled"]


def test_ctrl_c_during_import_without_a_terminal_leaves_it_running(
    run: Run, slow: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in slow.variables.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "scripts", "import", "--outputs", str(slow.path)]
    method = "healthcare.projects.locations.datasets.operations.get"
    slow.emulator.request("POST", "/_emulator/faults", {"method": method, "code": 503, "call": 10**9})
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **slow.variables}, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        wait_for_operation(run, slow)
        wait_for_calls(slow, method)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert b"python -m scripts operations" in said
    assert b"Traceback" not in said
    (operation,) = operations(run, slow)
    assert operation["state"] == "running"
    assert run("operations", "cancel", str(operation["name"]), "--outputs", slow.path).code == 0
