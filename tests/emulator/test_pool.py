import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from emulator.pool import Limits, Pool, WorkerLost, make_pool
from tests.conftest import StartEmulator
from tests.emulator.pool_calls import crash, fail, keep_the_lock, take
from tests.emulator.services.healthcare.instances import made
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually


def draw(emulator: RunningEmulator) -> None:
    """Have a picture drawn that is not plain (bits of its pixels are unused), so that the pool's processes run."""
    datasets = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    assert emulator.request("POST", f"{datasets}?datasetId=d", {})[0] == 200
    assert emulator.request("POST", f"{datasets}/d/dicomStores?dicomStoreId=s", {})[0] == 200
    url = f"{emulator.base_url}{datasets}/d/dicomStores/s/dicomWeb/studies"
    headers = {"Authorization": f"Bearer {emulator.owner_token}"}
    file = made(BitsStored=7, HighBit=6)
    stored = requests.post(url, data=file, headers={**headers, "Content-Type": "application/dicom"}, timeout=PATIENCE)
    assert stored.status_code == 200
    picture = f"{url}/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/rendered"
    assert requests.get(picture, headers=headers, timeout=PATIENCE).status_code == 200


def below(process: int) -> set[int]:
    """The ids of a process's descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended while we looked
    found, more = set(), {process}
    while more:
        more = {child for child, parent in parents.items() if parent in more}
        found |= more
    return found


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_no_process_outlives_the_emulator(start_emulator: StartEmulator, how: str) -> None:
    emulator = start_emulator()
    draw(emulator)
    assert emulator.process is not None
    children = below(emulator.process.pid)
    assert children
    getattr(emulator, how)()
    eventually(lambda: {child for child in children if Path(f"/proc/{child}").exists()}, lambda left: not left)


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool of one process."""
    made_pool = make_pool(1, Limits(memory=512 << 20))
    yield made_pool
    made_pool.shutdown()


def process_of(pool: Pool) -> int:
    return pool.submit(os.getpid).result()


def test_a_process_is_kept_and_its_errors_are_the_caller_s(pool: Pool) -> None:
    first = process_of(pool)
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result()
    assert process_of(pool) == first != os.getpid()


def test_a_crash_costs_the_call_that_it_was_in(pool: Pool) -> None:
    lost, kept = zip(*((pool.submit(crash), pool.submit(take, size)) for size in (5, 6)), strict=True)
    assert [type(call.exception()) for call in lost] == [WorkerLost, WorkerLost]
    assert [call.result() for call in kept] == [5, 6]


def test_copies_of_a_process_know_what_it_knows_and_end_at_once() -> None:
    program = (
        "import os; from emulator.pool import make_pool_of_copies; from tests.emulator import pool_calls\n"
        "pool_calls.KNOWN.append('made before')\n"
        "pool = make_pool_of_copies(2)\n"
        "assert pool.submit(pool_calls.known).result() == ['made before']\n"
        "assert len({pool.submit(os.getpid).result() for _ in range(9)} | {os.getpid()}) > 1\n"
        "pool.shutdown()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)


def test_an_error_that_cannot_be_sent_costs_its_call_only(pool: Pool) -> None:
    assert "Unpicklable" in str(pool.submit(fail).exception())
    assert pool.submit(take, 5).result() == 5


def test_memory_has_a_limit(pool: Pool) -> None:
    assert isinstance(pool.submit(take, 1 << 30).exception(), MemoryError)
    assert pool.submit(take, 1 << 20).result() == 1 << 20


def test_a_call_that_takes_too_long_is_stopped_while_a_codec_keeps_the_lock() -> None:
    pool = make_pool(1, Limits(seconds=0.5))
    try:
        problem = pool.submit(keep_the_lock).exception()
        assert isinstance(problem, WorkerLost)
        assert "0.5 seconds" in str(problem)
        assert not multiprocessing.active_children()
    finally:
        pool.shutdown()


def test_a_worker_whose_codec_keeps_the_lock_ends_with_its_parent() -> None:
    program = (
        "from emulator.pool import make_pool; from tests.emulator.pool_calls import keep_the_lock\n"
        "make_pool(1).submit(keep_the_lock).result()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert Path(f"/proc/{worker}").exists()
        parent.kill()
    while Path(f"/proc/{worker}").exists():
        time.sleep(0.01)
