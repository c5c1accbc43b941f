"""Memory that the engine frees and keeps: how much, in a process of its own."""

import ctypes
import os
import resource
import subprocess
import sys
import textwrap

import pytest

from emulator.services.bigquery.process import allocation
from tests.support.emulator import ROOT

# Some times as many bytes as a place keeps, in pieces that it may keep, each freed before the next is made.
REUSED = textwrap.dedent("""
    import resource, sys
    from emulator.services.bigquery.process import allocation
    if len(sys.argv) > 1:
        allocation.keep_freed(4 << 30)
    for _ in range(20):
        pieces = [b"x" * (4 << 20) for _ in range(4)]
        del pieces
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
""")


def faults(*arguments: str) -> int:
    """Pages that were made while pieces were made and freed."""
    command = [sys.executable, "-c", REUSED, *arguments]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of others can't be told")
def test_pages_of_freed_pieces_are_used_again() -> None:
    written = 20 * 4 * (4 << 20) // resource.getpagesize()
    assert faults("keep") < written // 4 < faults()


def test_little_is_kept_where_there_is_little(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int] = {}

    class Library:
        @staticmethod
        def mallopt(what: int, value: int) -> None:
            """Note what is told."""
            told[what] = value

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    allocation.keep_freed(1 << 30)
    assert told[allocation.TRIM_THRESHOLD] * 8 == (1 << 30) // allocation.SHARE
    assert told[allocation.ARENA_MAX] == 8
