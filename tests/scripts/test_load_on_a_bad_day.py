"""A load while the cloud refuses calls and breaks connections off: every film arrives, and once."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.chestxrays.rehearsal import NO_QUIRKS, write_set
from tests.scripts.conftest import Run, StartLive

FILMS = 12


def test_a_load_on_a_bad_day_brings_every_film(run: Run, start_live: StartLive, tmp_path: Path) -> None:
    live = start_live()
    write_set(tmp_path / "set", FILMS, 32, quirks=NO_QUIRKS)
    change = {
        "latency": [],
        "operations": [0, 0],
        "refusals": [{"methods": ["*"], "share": 0.08, "kind": "unavailable"}],
        "cuts": [
            {"methods": ["storage.*"], "share": 0.05, "at": "unanswered"},
            {"methods": ["storage.*"], "share": 0.05, "at": "midway"},
        ],
    }
    wish = {"profile": "bad-day", "seed": 1, "change": change}
    assert live.emulator.request("POST", "/_emulator/trouble", wish)[0] == 200
    ended = run("load", tmp_path / "set", "--source", "kaggle", "--import", "--json", "--outputs", live.path)
    counts = live.emulator.request("GET", "/_emulator/trouble")[1]["counts"]
    live.emulator.request("DELETE", "/_emulator/trouble")
    assert ended.code == 0, ended.err
    assert counts["unavailable"] > 0
    printed = json.loads(ended.out)
    assert (printed["loaded"] + printed["skipped"], printed["labels"]) == (FILMS, FILMS)
    assert sum(each["success"] for each in printed["imports"]) == FILMS
    verified = run("verify", tmp_path / "set", "--source", "kaggle", "--outputs", live.path)
    assert verified.code == 0, verified.out
