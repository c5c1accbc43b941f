import os
import time
from pathlib import Path

import pytest
import requests

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.instances import made
from tests.support.emulator import RunningEmulator


def draw(emulator: RunningEmulator) -> None:
    """Have a picture drawn that is not plain (bits of its pixels are unused), so that the pool's processes run."""
    datasets = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    assert emulator.request("POST", f"{datasets}?datasetId=d", {})[0] == 200
    assert emulator.request("POST", f"{datasets}/d/dicomStores?dicomStoreId=s", {})[0] == 200
    url = f"{emulator.base_url}{datasets}/d/dicomStores/s/dicomWeb/studies"
    headers = {"Authorization": f"Bearer {emulator.owner_token}"}
    file = made(BitsStored=7, HighBit=6)
    stored = requests.post(url, data=file, headers={**headers, "Content-Type": "application/dicom"}, timeout=60)
    assert stored.status_code == 200
    picture = f"{url}/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/rendered"
    assert requests.get(picture, headers=headers, timeout=60).status_code == 200


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
    deadline = time.monotonic() + 20
    while left := {child for child in children if Path(f"/proc/{child}").exists()}:
        assert time.monotonic() < deadline, f"{left} of process {os.getpid()}'s emulator still run"
        time.sleep(0.02)
