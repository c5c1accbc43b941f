"""What commands print, and how they end when nobody reads it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.terminal import run_on_terminal

ROOT = Path(__file__).parents[2]


def test_a_reader_that_has_gone_is_no_error() -> None:
    """As in `python -m scripts tags patient | head -1`."""
    command = [sys.executable, "-m", "scripts", "tags", "patient"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE) == 141


@pytest.mark.parametrize("columns", [80, 100, 200])
@pytest.mark.parametrize(("title", "note"), [("Loading", ""), ("Load " * 30, "x" * 90), ("a" * 70, "9 failed")])
def test_a_bar_keeps_its_width_and_stays_on_one_line(columns: int, title: str, note: str) -> None:
    code = (
        "from scripts.console import progress\n"
        f"with progress({title!r}, 112120) as bar: bar.update(56060, 112120, {note!r})"
    )
    shown = run_on_terminal([sys.executable, "-c", code], {"PYTHONPATH": str(ROOT)}, columns).shown
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    line = next(each for each in plain.splitlines() if "56060/112120" in each)
    assert len(re.findall("[━╸╺]", line)) == 20
    assert len(line.rstrip()) <= columns
    assert title[:6] in line
    assert note[:6] in line
