"""What the gcp provider asks of Compute Engine for a bucket without a project: the project behind a number."""

import httpx
import pytest

from emulator.settings import project_number
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE


@pytest.mark.parametrize("version", ["v1", "beta"])
def test_a_number_gives_the_project(emulator: RunningEmulator, version: str) -> None:
    url = f"{emulator.base_url}/compute/{version}/projects/{project_number(emulator.project)}"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {emulator.owner_token}"}, timeout=PATIENCE)
    assert answer.status_code == 200
    assert answer.json()["name"] == emulator.project
    assert answer.json()["id"] == project_number(emulator.project)


def test_an_unknown_number_is_a_403(emulator: RunningEmulator) -> None:
    url = f"{emulator.base_url}/compute/v1/projects/123456789012"
    assert (
        httpx.get(url, headers={"Authorization": f"Bearer {emulator.owner_token}"}, timeout=PATIENCE).status_code == 403
    )
