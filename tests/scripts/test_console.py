"""What commands print, and how they end when nobody reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE

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
