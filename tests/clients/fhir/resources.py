"""fhirpy and fhirclient on a FHIR store, given its address and a token: run in an environment of their own."""

import sys
from collections.abc import Callable

from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.humanname import HumanName
from fhirclient.models.patient import Patient
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound


def with_fhirpy(store: str, token: str) -> None:
    """Create, search page by page, change, patch, refer, delete."""
    client = SyncFHIRClient(store, authorization=f"Bearer {token}")
    patient = client.resource("Patient", name=[{"family": "Roe"}], gender="female")
    patient.save()
    assert patient.id
    patient["birthDate"] = "1970-01-01"
    patient.save()
    observation = client.resource(
        "Observation", status="final", code={"text": "pulse"}, subject=patient.to_reference(), valueInteger=60
    )
    observation.save()
    assert observation["subject"].to_resource()["birthDate"] == "1970-01-01"
    for number in range(5):
        client.resource("Patient", name=[{"family": "Many"}], active=number % 2 == 0).create()
    found = client.resources("Patient").search(family="many").limit(2).fetch_all()
    assert len(found) == 5
    assert client.resources("Patient").search(family="many").count() == 5
    included = client.resources("Observation").include("Observation", "subject").fetch_raw()
    assert {entry.resource.resource_type for entry in included["entry"]} == {"Observation", "Patient"}
    changed, created = (
        client.resources("Patient")
        .search(family="roe")
        .update(client.resource("Patient", name=[{"family": "Roe"}], gender="other"))
    )
    assert (changed["id"], changed["gender"], created) == (patient.id, "other", False)
    assert "unknown field" in refusal(client.resource("Patient", shoe=7).create, OperationOutcome)
    observation.delete()
    patient.delete()
    refusal(client.resources("Patient").search(_id=patient.id).get, ResourceNotFound)


def refusal(act: Callable[[], object], kind: type[Exception]) -> str:
    """The words of the error of a kind that an action must raise."""
    try:
        act()
    except kind as problem:
        return str(problem)
    raise AssertionError(f"{act} was not refused")


def with_fhirclient(store: str, token: str) -> None:
    """Read the capabilities, create, read, search, update, delete."""
    client = FHIRClient(settings={"app_id": "test", "api_base": store})
    client.server.session.headers["Authorization"] = f"Bearer {token}"
    client.server.get_capability()
    patient = Patient({"gender": "male"})
    patient.name = [HumanName({"family": "Poe", "given": ["Ed"]})]
    made = patient.create(client.server)
    assert made
    read = Patient.read(made["id"], client.server)
    assert read.name[0].family == "Poe"
    read.active = True
    assert read.update(client.server)
    found = Patient.where({"family": "poe"}).perform_resources(client.server)
    assert [each.active for each in found] == [True]
    bundle: Bundle = Patient.where({"family": "poe"}).perform(client.server)
    assert bundle.total == 1
    read.delete()


if __name__ == "__main__":
    with_fhirpy(*sys.argv[1:3])
    with_fhirclient(*sys.argv[1:3])
