"""docs/how-to/hospital.md: its commands print what it shows, and its query is the one that is tested."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from emulator.hospital.options import HOSPITAL
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE

TEXT = (ROOT / "docs" / "how-to" / "hospital.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^\$ python -m emulator (.*)\n((?:(?!\$ |```).*\n)*)", TEXT, re.MULTILINE)
"""Each command with what it prints."""


def seed(running: RunningEmulator, line: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "emulator", *shlex.split(line), "--state", str(running.state)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator with the project that the page speaks of."""
    started = RunningEmulator(tmp_path_factory.mktemp("how-to") / "state", "local-project").start()
    yield started
    started.stop()


def test_the_page_is_what_happens(running: RunningEmulator) -> None:
    assert [shlex.split(line)[:2] for line, _ in STEPS] == [["seed", HOSPITAL]] * 2
    for line, expected in STEPS:
        ended = seed(running, line)
        assert (ended.returncode, ended.stdout) == (0, expected), ended.stderr


def test_stores_of_a_stack_are_filled_by_the_line_for_it(running: RunningEmulator) -> None:
    """The stores as stack `local` declares them (Pulumi.local.yaml)."""
    (line,) = re.findall(r"```sh\npython -m emulator (.*)\n```", TEXT)
    location = "/v1/projects/local-project/locations/us-central1/datasets"
    dataset = f"{location}/imaging-local"
    declared: tuple[tuple[str, dict[str, object]], ...] = (
        (f"{location}?datasetId=imaging-local", {}),
        (f"{dataset}/dicomStores?dicomStoreId=dicom", {}),
        (f"{dataset}/fhirStores?fhirStoreId=fhir", {"version": "R4", "enableUpdateCreate": True}),
        (f"{dataset}/hl7V2Stores?hl7V2StoreId=hl7v2", {}),
        (f"{dataset}/consentStores?consentStoreId=consents", {}),
    )
    for path, body in declared:
        assert running.request("POST", path, body)[0] == 200
    ended = seed(running, f"{line} --no-tables")
    assert ended.returncode == 0, ended.stderr
    assert "datasets/imaging-local/fhirStores/fhir (R4)" in ended.stdout


def test_the_query_is_the_one_that_is_tested() -> None:
    (shown,) = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    assert shown == (ROOT / "emulator" / "hospital" / "join.sql").read_text()
