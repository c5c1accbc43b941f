"""What is about now in a search: by the emulator's clock (FHIR, search: ap is within a tenth of the time from now)."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from emulator.serving.asgi import Application
from emulator.state.clock import Clock
from tests.emulator.conftest import InProcess
from tests.emulator.services.healthcare.fhir.conftest import PATIENT


class Stopped(Clock):
    """A clock that stands still at the beginning of a year."""

    def __init__(self, year: int) -> None:
        self._at = datetime(year, 1, 1, tzinfo=UTC).timestamp()

    def seconds(self) -> float:
        return self._at


async def found(in_process: InProcess) -> int:
    """How many patients a new store finds that were born about 2010, where one of 2005 is there."""
    application: Any = Application(in_process.emulator)
    location = f"/v1/projects/{in_process.settings.project}/locations/us-central1/datasets"
    store = f"{location}/d/fhirStores/f"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://here") as client:
        client.headers["Authorization"] = f"Bearer {in_process.emulator.authenticator.owner_token}"
        await client.post(f"{location}?datasetId=d", json={})
        await client.post(f"{location}/d/fhirStores?fhirStoreId=f", json={"version": "R4"})
        fhir = {"Content-Type": "application/fhir+json"}
        await client.post(f"{store}/fhir/Patient", json={**PATIENT, "birthDate": "2005-01-01"}, headers=fhir)
        answer = await client.get(f"{store}/fhir/Patient?birthdate=ap2010-01-01")
    return int(answer.json()["total"])


@pytest.mark.parametrize(("year", "number"), [(2026, 0), (2126, 1)])
def test_how_far_a_date_is_depends_on_now(in_process: InProcess, year: int, number: int) -> None:
    in_process.emulator.clock = Stopped(year)
    assert in_process.run(found(in_process)) == number
