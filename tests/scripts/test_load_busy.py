"""A service that is busy for a while is asked again, and the load ends as if it had not been."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.chestxrays.rehearsal import NO_QUIRKS, write_set
from tests.scripts.conftest import Run, StartLive

FILMS = 12


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("storage.objects.insert", 429),
        ("storage.objects.list", 503),
        ("healthcare.projects.locations.datasets.dicomStores.import", 429),
        ("healthcare.projects.locations.datasets.operations.get", 503),
        ("bigquery.jobs.insert", 503),
    ],
)
def test_a_busy_service_is_asked_again(run: Run, start_live: StartLive, tmp_path: Path, method: str, code: int) -> None:
    live = start_live()
    write_set(tmp_path / "set", FILMS, 32, quirks=NO_QUIRKS)
    fault = {"method": method, "code": code, "call": 2 if method.endswith("objects.insert") else 1, "count": 2}
    assert live.emulator.request("POST", "/_emulator/faults", fault)[0] == 200
    ended = run("load", tmp_path / "set", "--source", "kaggle", "--import", "--json", "--outputs", live.path)
    assert ended.code == 0, ended.err
    printed = json.loads(ended.out)
    assert (printed["loaded"], printed["labels"]) == (FILMS, FILMS)
    assert sum(each["success"] for each in printed["imports"]) == FILMS


def test_a_refusal_ends_the_load_in_one_sentence(run: Run, start_live: StartLive, tmp_path: Path) -> None:
    live = start_live()
    write_set(tmp_path / "set", FILMS, 32, quirks=NO_QUIRKS)
    fault = {"method": "storage.objects.insert", "code": 403, "call": 6, "count": 1000}
    assert live.emulator.request("POST", "/_emulator/faults", fault)[0] == 200
    ended = run("load", tmp_path / "set", "--source", "kaggle", "--outputs", live.path)
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("error: Injected fault.")
    assert live.emulator.request("DELETE", "/_emulator/faults")[0] == 200
    ended = run("load", tmp_path / "set", "--source", "kaggle", "--json", "--outputs", live.path)
    printed = json.loads(ended.out)
    assert (printed["loaded"] + printed["skipped"], printed["skipped"] > 0) == (FILMS, True)
