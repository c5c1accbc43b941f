"""python -m emulator seed: a folder becomes objects, DICOM instances and tables."""

import subprocess
import sys
from pathlib import Path

import httpx
from pydicom.data import get_testdata_file

from tests.conftest import StartEmulator
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE


def seed(running: RunningEmulator, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "emulator", "seed", str(folder), "--state", str(running.state)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def fill(folder: Path) -> None:
    note = folder / "storage" / "seeded-bucket" / "notes" / "a b.txt"
    film = folder / "healthcare" / "us-central1" / "imaging" / "films" / "ct.dcm"
    table = folder / "bigquery" / "labels" / "findings.csv"
    for path in (note, film, table):
        path.parent.mkdir(parents=True)
    note.write_text("hello")
    film.write_bytes(Path(str(get_testdata_file("CT_small.dcm"))).read_bytes())
    table.write_text("image,finding\n00000001_000.png,Effusion\n00000002_000.png,Mass\n")


def test_fills_storage_healthcare_and_bigquery_twice_the_same(start_emulator: StartEmulator, tmp_path: Path) -> None:
    running = start_emulator()
    fill(tmp_path / "seeds")
    for _ in range(2):
        result = seed(running, tmp_path / "seeds")
        assert result.returncode == 0, result.stderr
        assert result.stdout.strip() == "1 objects, 1 DICOM instances, 1 tables"
    project, headers = running.project, {"authorization": f"Bearer {running.owner_token}"}
    with httpx.Client(base_url=running.base_url, headers=headers, timeout=PATIENCE) as client:
        assert client.get("/storage/v1/b/seeded-bucket/o/notes%2Fa%20b.txt?alt=media").text == "hello"
        store = f"/v1/projects/{project}/locations/us-central1/datasets/imaging/dicomStores/films"
        assert len(client.get(f"{store}/dicomWeb/instances").json()) == 1
        query = {"query": "SELECT count(*) FROM labels.findings WHERE finding = 'Mass'", "useLegacySql": False}
        answer = client.post(f"/bigquery/v2/projects/{project}/queries", json=query).json()
        assert answer.get("rows") == [{"f": [{"v": "1"}]}], answer


def test_a_file_that_cannot_be_stored_is_named(start_emulator: StartEmulator, tmp_path: Path) -> None:
    running = start_emulator()
    wrong = tmp_path / "seeds" / "healthcare" / "us-central1" / "imaging" / "films" / "text.dcm"
    wrong.parent.mkdir(parents=True)
    wrong.write_text("no film")
    result = seed(running, tmp_path / "seeds")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert str(wrong) in result.stderr
    missing = seed(running, tmp_path / "nothing")
    assert (missing.returncode, "is not a folder" in missing.stderr) == (1, True)
