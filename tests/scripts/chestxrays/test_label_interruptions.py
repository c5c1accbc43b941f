"""Whenever a load of labels is killed, or the emulator is, the table is as before or as after: never in between."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from scripts.chestxrays.label_columns import TABLE
from scripts.chestxrays.label_table import load_labels
from scripts.connection import Connection, resolve_endpoints
from scripts.tables import table_id
from tests.scripts.chestxrays.labelled import uids_of
from tests.scripts.chestxrays.loading_child import films
from tests.scripts.conftest import Live, live_on
from tests.support.emulator import ROOT, RunningEmulator

FILMS = 3000


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """An environment on an emulator that may be killed, with films of the age 0."""
    folder = tmp_path_factory.mktemp("interrupted")
    emulator = RunningEmulator(folder / "state", "labels-project").start()
    own = live_on(emulator, folder)
    yield own
    emulator.stop()


@pytest.fixture
def target(own: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", own.emulator.owner_token)
    with Connection(own.outputs, resolve_endpoints(own.outputs, os.environ)) as connection:
        load_labels(connection, [(film, uids_of(film)) for film in films(FILMS, 0)])
        yield connection


def start(own: Live, age: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.scripts.chestxrays.loading_child", str(own.path), str(FILMS), str(age)]
    environment = {**os.environ, "GOOGLE_OAUTH_ACCESS_TOKEN": own.emulator.owner_token}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def wait_for(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdout is not None
    for said in child.stdout:
        if said.strip() == line:
            return
    pytest.fail(f"The load ended before it said {line!r}.")


def end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def state(target: Connection) -> list[tuple[int, int]]:
    """How many films of each age the table holds."""
    sql = f"SELECT age, COUNT(*) FROM `{table_id(target, TABLE)}` GROUP BY age"
    return [tuple(row.values()) for row in target.bigquery.query(sql).result()]


def finish(target: Connection) -> None:
    """Wait until no job of the table runs any more; at each look the table is whole."""
    while any(job.state != "DONE" for job in target.bigquery.list_jobs(max_results=20)):
        assert len(state(target)) == 1
        time.sleep(0.05)


@pytest.mark.parametrize(("line", "delay"), [("uploaded 1000", 0), ("merging", 0), ("merging", 0.1)])
def test_a_killed_load(own: Live, target: Connection, line: str, delay: float) -> None:
    child = start(own, 1)
    wait_for(child, line)
    time.sleep(delay)
    end(child)
    assert state(target) in ([(0, FILMS)], [(1, FILMS)])
    finish(target)
    assert state(target) in ([(0, FILMS)], [(1, FILMS)])
    assert line == "merging" or state(target) == [(0, FILMS)]
    again = load_labels(target, [(film, uids_of(film)) for film in films(FILMS, 2)])
    assert (again.replaced, state(target)) == (FILMS, [(2, FILMS)])


@pytest.mark.parametrize(("line", "delay"), [("uploaded 2000", 0), ("merging", 0.05)])
def test_a_killed_emulator(own: Live, target: Connection, line: str, delay: float) -> None:
    child = start(own, 1)
    wait_for(child, line)
    time.sleep(delay)
    own.emulator.kill()
    end(child)
    own.emulator.start()
    assert state(target) in ([(0, FILMS)], [(1, FILMS)])
    finish(target)
    assert state(target) in ([(0, FILMS)], [(1, FILMS)])
    again = load_labels(target, [(film, uids_of(film)) for film in films(FILMS, 2)])
    assert (again.replaced, state(target)) == (FILMS, [(2, FILMS)])
