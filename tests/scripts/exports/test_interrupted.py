"""An export whose command ends before it: by kill, and by Ctrl-C where nobody can be asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from engine.layout import Layout
from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.files import small_film
from tests.support.patience import PATIENCE, eventually


@pytest.fixture
def slow(start_live: StartLive, run: Run, tmp_path: Path) -> Live:
    """An environment with an instance, whose operations end when they are told."""
    live = start_live("--operations", "manual")
    (tmp_path / "one.dcm").write_bytes(small_film("one"))
    assert run("store", tmp_path / "one.dcm", "--outputs", live.path).code == 0
    return live


def running(run: Run, live: Live) -> list[str]:
    """The names of operations that run."""
    listed = json.loads(run("operations", "list", "--json", "--outputs", live.path).out)
    return [each["name"] for each in listed if each["state"] == "running"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_export_that_was_not_seen_to_end_is_made_again(run: Run, slow: Live, how: signal.Signals) -> None:
    place = f"gs://{slow.outputs.export_bucket}/nightly"
    asked = ("export", "--to", place, "--since-last", "--manifest", "--outputs", str(slow.path))
    command = [sys.executable, "-m", "scripts", *asked]
    environment = {**os.environ, **slow.variables}
    with subprocess.Popen(
        command, cwd=Layout().root, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        eventually(lambda: running(run, slow))
        process.send_signal(how)
        _, said = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in said
    if how == signal.SIGINT:
        assert process.returncode == 3
        assert b"python -m scripts operations" in said
    (cut_off,) = running(run, slow)
    assert slow.emulator.request("POST", "/_emulator/operations", {"mode": "immediate"})[0] == 200
    again = run(*asked)
    assert again.code == 0, again.err
    assert "1 instance exported" in again.err
    finish = f"/_emulator/operations/{quote(cut_off, safe='')}:finish"
    assert slow.emulator.request("POST", finish)[0] == 200
    eventually(lambda: not running(run, slow))  # it has written the same objects once more
    checked = run("verify", "--export", place, "--outputs", slow.path)
    assert checked.code == 0, checked.err + checked.out
    assert "Nothing is new since the last export." in run(*asked).err
