"""A load that is stopped, killed, or loses its emulator at random points ends as one that was left in peace.

KILL_ROUNDS=20 is the thorough form.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.cloud import storage
from google.oauth2.credentials import Credentials

from scripts.chestxrays.rehearsal import NO_QUIRKS, write_set
from tests.conftest import StartEmulator
from tests.scripts.conftest import Live, Run, live_on
from tests.support.emulator import ROOT
from tests.support.patience import PATIENCE, eventually

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
FILMS = 80
PREFIX = "set"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted") / "data"
    write_set(folder, FILMS, 96)
    return folder


@dataclass(frozen=True)
class Ended:
    """What a load leaves: every version of each object with its checksum, instances, label rows without times."""

    objects: list[tuple[str, str]]
    instances: list[str]
    labels: list[str]


def command(live: Live, archive: Path) -> list[str]:
    options = ["--source", "kaggle", "--import", "--prefix", PREFIX, "--outputs", str(live.path)]
    return [sys.executable, "-m", "scripts", "load", str(archive), *options]


def start(live: Live, archive: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(live, archive),
        cwd=ROOT,
        env={**os.environ, **live.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(live: Live, archive: Path) -> str:
    """Run the load to its end; it must succeed."""
    done = subprocess.run(
        command(live, archive),
        cwd=ROOT,
        env={**os.environ, **live.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def ended(run: Run, live: Live, monkeypatch: pytest.MonkeyPatch) -> Ended:
    for name, value in live.variables.items():
        monkeypatch.setenv(name, value)
    client = storage.Client(
        live.outputs.project,
        Credentials(token=live.emulator.owner_token),
        client_options={"api_endpoint": live.emulator.base_url},
    )
    blobs = client.list_blobs(live.outputs.landing_bucket, prefix=f"{PREFIX}/", versions=True)
    objects = sorted((blob.name, blob.crc32c) for blob in blobs)
    client.close()
    found = json.loads(run("search", "instances", "--limit", 0, "--json", "--outputs", live.path).out)
    sql = "SELECT image_index, label_version, sop_instance_uid, findings FROM chest_xray_labels"
    rows = json.loads(run("query", sql, "--json", "--outputs", live.path).out)
    uids = sorted(each["00080018"]["Value"][0] for each in found)
    return Ended(objects, uids, sorted(json.dumps(row) for row in rows))


class Peace:
    """A load that nobody disturbs: how it ends, and how long it takes."""

    def __init__(self, ended: Ended, seconds: float) -> None:
        self.ended = ended
        self.seconds = seconds


@pytest.fixture
def fresh(start_emulator: StartEmulator, tmp_path: Path) -> Live:
    return live_on(start_emulator(project="own-project"), tmp_path)


_peace: list[Peace] = []


@pytest.fixture
def peace(
    start_emulator: StartEmulator, run: Run, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Peace:
    if not _peace:
        (tmp_path / "peace").mkdir()
        live = live_on(start_emulator(project="own-project"), tmp_path / "peace")
        began = time.monotonic()
        finish(live, archive)
        seconds = time.monotonic() - began
        _peace.append(Peace(ended(run, live, monkeypatch), seconds))
    return _peace[0]


def moment(seconds: float, number: int) -> float:
    """A random point of the load; in order, so that a round that fails can be run again."""
    return random.Random(number).uniform(0.2, seconds)  # noqa: S311


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_load_that_is_ended_at_any_point_goes_on(
    run: Run,
    fresh: Live,
    archive: Path,
    peace: Peace,
    monkeypatch: pytest.MonkeyPatch,
    how: signal.Signals,
    number: int,
) -> None:
    with start(fresh, archive) as process:
        time.sleep(moment(peace.seconds, number))
        if how is signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does: to the processes that convert, too
        else:
            process.send_signal(how)
        _, said = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    if how is signal.SIGINT:
        assert process.returncode in {0, 3, 130, -signal.SIGINT}, said
    finish(fresh, archive)
    assert ended(run, fresh, monkeypatch) == peace.ended


@pytest.mark.parametrize("number", range((ROUNDS + 1) // 2))
def test_a_load_whose_emulator_is_killed_at_any_point_goes_on(
    run: Run, fresh: Live, archive: Path, peace: Peace, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with start(fresh, archive) as process:
        time.sleep(moment(peace.seconds, 100 + number))
        fresh.emulator.kill()
        fresh.emulator.start()
        _, said = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    finish(fresh, archive)
    assert ended(run, fresh, monkeypatch) == peace.ended


def test_an_uninterrupted_load_leaves_one_version_of_each_film(peace: Peace) -> None:
    names = [name for name, _ in peace.ended.objects]
    assert len(names) == len(set(names)) == len(peace.ended.instances) > FILMS // 2
    assert len(peace.ended.labels) == FILMS


def test_a_second_ctrl_c_waits_for_nothing(fresh: Live, archive: Path) -> None:
    """The uploads that are under way would take longer than anybody's patience."""
    hold_uploads(fresh)
    with start(fresh, archive) as process:
        wait_for_uploads(fresh, 1)
        os.killpg(process.pid, signal.SIGINT)
        said = read_until_stopping(process)
        os.killpg(process.pid, signal.SIGINT)
        said += process.communicate(timeout=PATIENCE)[1]
    assert process.returncode in {1, 130}
    assert "Traceback" not in said


def test_ctrl_c_during_the_last_uploads_imports_nothing(fresh: Live, tmp_path: Path) -> None:
    write_set(tmp_path / "few", 3, 32, quirks=NO_QUIRKS)
    hold_uploads(fresh)
    with start(fresh, tmp_path / "few") as process:
        wait_for_uploads(fresh, 3)
        process.send_signal(signal.SIGINT)
        said = read_until_stopping(process)
        fresh.emulator.request("DELETE", "/_emulator/faults")
        said += process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 3
    assert "3 files loaded" in said
    assert "stopped: run the same command again to go on" in said
    assert "imported" not in said
    assert "3 instances imported" in finish(fresh, tmp_path / "few")


def hold_uploads(live: Live) -> None:
    """Every upload waits until the faults are cleared."""
    fault = {"method": "storage.objects.insert", "delay": 2 * PATIENCE, "count": 1000}
    assert live.emulator.request("POST", "/_emulator/faults", fault)[0] == 200


def wait_for_uploads(live: Live, number: int) -> None:
    """Until that many uploads have reached the emulator."""
    faults = "/_emulator/faults"
    eventually(lambda: live.emulator.request("GET", faults)[1]["faults"][0]["calls"], lambda calls: calls >= number)


def read_until_stopping(process: subprocess.Popen[str]) -> str:
    """What the load says, up to its answer to the first Ctrl-C."""
    assert process.stderr
    said = ""
    while "Stopping after what is under way" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said
