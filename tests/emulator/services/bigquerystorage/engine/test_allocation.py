"""Memory that is freed between the rows of a stream is kept for the next ones."""

import ctypes
import subprocess
import sys

import pytest

from engine.layout import Layout

MODULE = "emulator.services.bigquerystorage.engine.allocation"
MADE_AND_FREED = f"""
import resource, sys
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def rows():
    return [b"x" * (6 << 20) for _ in range(4)]
if sys.argv[1] == "kept":
    from {MODULE} import keep_freed
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[2]),) * 2)
    keep_freed()
rows()
before = faults()
for _ in range(5):
    rows()
print(faults() - before)
"""

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library has no mallopt")


def new_pages(*arguments: str) -> int:
    """How many pages a process gets anew that makes and frees the same rows five times."""
    command = [sys.executable, "-c", MADE_AND_FREED, *arguments]
    return int(subprocess.run(command, check=True, capture_output=True, cwd=Layout().root, timeout=600).stdout)


def test_freed_memory_is_kept() -> None:
    """Next to no pages are made anew, where by the C library's defaults all are."""
    assert new_pages("kept") < new_pages("default") / 20


def test_a_process_that_may_have_little_keeps_little() -> None:
    """With a limit on the process's data, a small part of it is kept."""
    assert new_pages("kept", str(512 << 20)) > 20 * new_pages("kept")
