"""Ctrl-C during a step reaches the program once, and the demonstration waits for it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demonstration.children import run_child
from tests.support.patience import PATIENCE

TIDY = """
import signal, sys, time
def end(*_):
    print("tidied"); sys.exit(7)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
time.sleep(60)
"""

PARENT = """
import os, sys
from pathlib import Path
from scripts.demonstration.children import run_child
lines = []
def on_line(line):
    print(line, flush=True)
try:
    run_child([sys.executable, "-c", sys.argv[1]], os.environ, Path("."), on_line)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_exit_code_and_output(tmp_path: Path) -> None:
    assert run_child(["sh", "-c", "echo out; exit 3"], os.environ, tmp_path) == (3, "out\n")


def test_both_channels_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    run_child(["sh", "-c", "echo one; echo two >&2"], os.environ, tmp_path, lines.append)
    assert lines == ["one", "two"]


def test_interrupt_lets_the_program_end_in_order() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, TIDY], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        parent.send_signal(signal.SIGINT)
        said, _ = parent.communicate(timeout=PATIENCE)
    assert said == "tidied\ninterrupted\n"


def test_second_interrupt_ends_a_program_that_does_not_listen() -> None:
    deaf = TIDY.replace('print("tidied"); sys.exit(7)', 'print("heard", flush=True)')
    with subprocess.Popen([sys.executable, "-c", PARENT, deaf], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        parent.send_signal(signal.SIGINT)
        assert parent.stdout.readline() == "heard\n"
        parent.send_signal(signal.SIGINT)
        said, _ = parent.communicate(timeout=PATIENCE)
    assert said == "interrupted\n"


def test_missing_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_child([tmp_path / "nothing"], os.environ, tmp_path)
