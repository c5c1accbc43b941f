"""A full disk: one sentence, nothing half stored, and work goes on once there is room."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.emulator import ROOT, free_port
from tests.support.patience import PATIENCE

SIZE_MB = 12


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """URL and headers of an emulator whose state lies on a disk of a few megabytes, in a mount namespace of its own."""
    unshare = shutil.which("unshare")
    assert unshare is not None, "unshare (util-linux) is missing"
    folder, port = tmp_path / "disk", free_port()
    folder.mkdir()
    key = tmp_path / "token"
    start = f'"{sys.executable}" -m emulator start --state "{folder}" --port {port} --grpc-port {free_port()}'
    copy = f'while ! cp "{folder}/owner-token" "{key}" 2>/dev/null; do sleep 0.02; done'
    script = f'mount -t tmpfs -o size={SIZE_MB}m tmpfs "{folder}" || exit 1; ({copy}) & exec {start}'
    process = subprocess.Popen([unshare, "-r", "-m", "sh", "-c", script], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert process.poll() is None
            try:
                if httpx.get(f"{url}/_emulator/status", timeout=PATIENCE).status_code == 200 and key.exists():
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url, {"authorization": f"Bearer {key.read_text()}"}
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_a_full_disk_is_a_507_with_one_sentence_and_what_was_stored_stays(
    small_disk: tuple[str, dict[str, str]],
) -> None:
    url, headers = small_disk
    megabyte = b"x" * (1 << 20)
    stored = []
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as client:
        assert client.post("/storage/v1/b?project=local-project", json={"name": "full-disk"}).is_success
        for number in range(2 * SIZE_MB):
            name = f"object-{number}"
            answer = client.post(f"/upload/storage/v1/b/full-disk/o?uploadType=media&name={name}", content=megabyte)
            if not answer.is_success:
                break
            stored.append(name)
        assert answer.status_code == 507
        assert "The disk that holds the emulator's state is full" in answer.json()["error"]["message"]
        listing = client.get("/storage/v1/b/full-disk/o").json()
        assert sorted(item["name"] for item in listing["items"]) == sorted(stored)
        assert client.get(f"/storage/v1/b/full-disk/o/{stored[-1]}?alt=media").content == megabyte
