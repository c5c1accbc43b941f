"""python -m emulator record and replay: what was asked of one emulator, asked of another."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from emulator.__main__ import main
from emulator.recording import exchanges
from emulator.recording.exchanges import RecordingError
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Command = Callable[..., "Ended"]
Pair = tuple[RunningEmulator, RunningEmulator]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two emulators, the second with another project."""
    folder = tmp_path_factory.mktemp("recordings")
    first, second = (RunningEmulator(folder / name, f"{name}-project").start() for name in ("first", "second"))
    yield first, second
    first.stop()
    second.stop()


@pytest.fixture
def two(pair: Pair) -> Pair:
    """Both with nothing in them, and no recording under way."""
    for each in pair:
        each.request("DELETE", "/_emulator/recording")
        each.request("POST", "/_emulator/reset")
    return pair


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`command(running, "record", "stop")` runs that command on the folder of an emulator."""

    def run_command(running: RunningEmulator, *words: str) -> Ended:
        capsys.readouterr()
        code = main([*words, "--state", str(running.state)])
        return Ended(code, *capsys.readouterr())

    return run_command


def recorded(running: RunningEmulator, name: str) -> Path:
    return running.state / "recordings" / f"{name}.jsonl"


def run(running: RunningEmulator, family: str = "Doe") -> None:
    """A run that has ids, versions, pages, operations, uploads, other callers and refusals."""
    project = running.project
    datasets = f"/v1/projects/{project}/locations/us/datasets"
    operation = running.request("POST", f"{datasets}?datasetId=d", {})[1]
    running.request("GET", f"/v1/{operation['name']}")
    running.request("POST", f"{datasets}/d/fhirStores?fhirStoreId=f", {"version": "R4"})
    fhir = f"{datasets}/d/fhirStores/f/fhir"
    for _ in range(3):
        made = running.request("POST", f"{fhir}/Patient", {"resourceType": "Patient", "name": [{"family": family}]})[1]
    running.request("GET", f"{fhir}/Patient/{made['id']}/_history/{made['meta']['versionId']}")
    running.request("GET", f"{fhir}/Patient?_count=2&_sort=_lastUpdated")
    running.request("GET", f"{fhir}/Patient/none")
    headers = {"authorization": f"Bearer {running.owner_token}"}
    running.request("POST", f"/storage/v1/b?project={project}", {"name": "bucket"})
    with httpx.Client(base_url=running.base_url, headers=headers, timeout=PATIENCE) as client:
        begun = client.post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=o", json={})
        client.put(begun.headers["location"], content=b"\xff\x00" * 1000)
        client.get("/storage/v1/b/bucket/o/o?alt=media", headers={"range": "bytes=5-9"})
        client.get("/storage/v1/b/bucket/o?access_token=" + running.owner_token)
    topic, subscription = (f"projects/{project}/{kind}/orders" for kind in ("topics", "subscriptions"))
    running.request("PUT", f"/v1/{topic}", {})
    running.request("PUT", f"/v1/{subscription}", {"topic": topic})
    running.request("POST", f"/v1/{topic}:publish", {"messages": [{"data": base64.b64encode(b"m").decode()}]})
    got = running.request("POST", f"/v1/{subscription}:pull", {"maxMessages": 1})[1]["receivedMessages"]
    running.request("POST", f"/v1/{subscription}:acknowledge", {"ackIds": [got[0]["ackId"]]})
    account = make_account(running, "reader")
    running.request("GET", datasets, token=account.token)


def test_a_run_is_the_same_on_another_emulator(two: Pair, command: Command) -> None:
    first, second = two
    begun = command(first, "record", "start", "run")
    assert (begun.returncode, "patients' data too" in begun.stdout) == (0, True)
    run(first)
    ended = command(first, "record", "stop")
    path = recorded(first, "run")
    assert ended.stdout.endswith(f"requests are in {path}.\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.owner_token not in path.read_text()
    head, asked = exchanges.read(path)
    assert (head.project, len(asked)) == ("first-project", int(ended.stdout.split()[0]))
    replayed = command(second, "replay", str(path))
    assert (replayed.returncode, replayed.stdout, replayed.stderr) == (
        0,
        f"{len(asked)} requests were answered as in the recording.\n",
        "",
    )


def test_what_is_different_is_told_with_its_request_and_place(two: Pair, command: Command) -> None:
    first, second = two
    first.request("POST", "/_emulator/recording", {"name": "other"})
    run(first)
    first.request("DELETE", "/_emulator/recording")
    path = recorded(first, "other")
    path.write_bytes(
        path.read_bytes().replace(rb"  \"family\": \"Doe", rb"  \"family\": \"Roe", 1)
    )  # of the first answer
    second.request("POST", f"/storage/v1/b?project={second.project}", {"name": "bucket"})
    told = command(second, "replay", str(path))
    assert told.returncode == 3
    lines = told.stdout.splitlines()
    assert any("storage.buckets.insert: status was 200, is 409" in line for line in lines)
    assert any(line.endswith("fhir.create: name[0].family differs") for line in lines)
    assert not any("Doe" in line or "Roe" in line for line in lines)
    second.request("POST", "/_emulator/reset")
    shown = command(second, "replay", str(path), "--values").stdout
    assert "name[0].family was Roe, is Doe" in shown


def test_wrong_use_is_told(two: Pair, command: Command, tmp_path: Path) -> None:
    first, second = two
    assert command(first, "record", "start").returncode == 2
    assert command(first, "record", "stop", "x").returncode == 2
    assert command(first, "record", "start", "../x").returncode == 1
    assert command(first, "record", "stop").stdout == "No recording was being made.\n"
    first.request("POST", "/_emulator/recording", {"name": "once"})
    again = command(first, "record", "start", "twice")
    assert (again.returncode, "is being made already" in again.stderr) == (1, True)
    first.request("DELETE", "/_emulator/recording")
    assert first.request("POST", "/_emulator/recording", {"name": "once"})[0] == 409
    assert first.request("GET", "/_emulator/recording", token="")[0] == 403
    broken = tmp_path / "broken"
    broken.write_text("x")
    refused = command(second, "replay", str(broken))
    assert (refused.returncode, "is no recording" in refused.stderr) == (1, True)


@pytest.mark.parametrize("lines", [[], [{"format": "x"}], [{"format": "healthcare/9"}]])
def test_a_file_that_is_none_is_refused(tmp_path: Path, lines: list[Any]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    with pytest.raises(RecordingError, match="no recording"):
        exchanges.read(path)
