"""kill -9 in the middle of parallel STOW, again and again on one store. KILL_ROUNDS=50 is the thorough form."""

import os
import threading
import time
from pathlib import Path

import pytest
import requests

from emulator.state.sealed import KEY, Records
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.instances import made
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))
CLIENTS = 4
STORED_BEFORE_KILL = 12


def film(uid: str) -> bytes:
    """One film, large enough for a body in several chunks and a write that can be cut off."""
    return made(uid=uid, Rows=256, Columns=512, PixelData=bytes(range(256)) * 512)


def store_until_killed(emulator: RunningEmulator, url: str, headers: dict[str, str], place: int) -> list[str]:
    """Store from several threads until the process is killed; give the UIDs that were answered 200."""
    stored: list[str] = []

    def store(client: int) -> None:
        with requests.Session() as session:
            for number in range(10_000):
                uid = f"1.2.1.{place}.{client}.{number}"
                try:
                    answer = session.post(f"{url}/studies", data=film(uid), headers=headers, timeout=PATIENCE)
                except requests.RequestException:
                    return
                assert answer.status_code == 200, answer.text
                stored.append(uid)

    threads = [threading.Thread(target=store, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    while len(stored) < STORED_BEFORE_KILL:
        time.sleep(0.002)
    emulator.kill()
    for thread in threads:
        thread.join()
    return stored


def size(path: Path) -> int:
    """Bytes of what was stored in a file, encrypted or not; how long a record is can be read without its key."""
    if not path.name.startswith("k"):
        return path.stat().st_size
    with path.open("rb") as file:
        return Records(file.fileno(), bytes(KEY)).size


def check_files(emulator: RunningEmulator) -> None:
    """Every instance has its file, every file its instance, and references are counted right."""
    with emulator.database() as database:
        rows = database.execute(
            "SELECT b.id, b.refs, b.size, (SELECT count(*) FROM dicom_instances WHERE blob = b.id) FROM blobs b"
        ).fetchall()
        missing = database.execute(
            "SELECT count(*) FROM dicom_instances i LEFT JOIN blobs b ON b.id = i.blob"
            " LEFT JOIN dicom_metadata m ON m.instance = i.id WHERE b.id IS NULL OR m.instance IS NULL"
        ).fetchone()
    files = {path.name: size(path) for path in (emulator.state / "blobs").glob("*/*")}
    assert missing == (0,)
    assert all(refs == owners for _, refs, _, owners in rows)
    assert files == {blob: size for blob, _, size, _ in rows}


@pytest.mark.crash
@pytest.mark.slow
def test_everything_answered_200_survives_every_kill(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    parent = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    assert emulator.request("POST", f"{parent}?datasetId=d", {})[0] == 200
    assert emulator.request("POST", f"{parent}/d/dicomStores?dicomStoreId=s", {})[0] == 200
    url = f"{emulator.base_url}{parent}/d/dicomStores/s/dicomWeb"
    owner = {"Authorization": f"Bearer {emulator.owner_token}"}
    known: set[str] = set()
    for place in range(ROUNDS):
        stored = store_until_killed(emulator, url, {**owner, "Content-Type": "application/dicom"}, place)
        emulator.start()
        with requests.Session() as session:
            session.headers.update(owner)
            found = session.get(f"{url}/instances", params={"limit": "50000"}, timeout=PATIENCE).json()
            uids = {row["00080018"]["Value"][0] for row in found}
            assert known | set(stored) <= uids
            for uid in uids - known:
                path = f"{url}/studies/1.2.1/series/1.2.1.1/instances/{uid}"
                answer = session.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"}, timeout=PATIENCE)
                assert answer.content == film(uid)
        known = uids
    assert len(known) >= ROUNDS * STORED_BEFORE_KILL
    emulator.stop()
    check_files(emulator)
