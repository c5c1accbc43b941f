"""Generated patients of Synthea, as its FHIR exporter writes them, loaded by bundle without a refusal."""

import json
import re
from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json
from tests.emulator.services.healthcare.fhir.test_bundles import execute
from tests.support.fhir_data import synthea


def referred(bundles: list[Json]) -> list[tuple[str, ...]]:
    """Type, system and value of the resources that conditional references name: of STU3 they are in no bundle."""
    return re.findall(r'"([A-Z][a-z]+)\?identifier=([^|"]+)\|([^"]+)"', json.dumps(bundles))


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_all_patients_load_and_their_parts_refer_to_each_other(
    make_fhir_store: Callable[..., FhirStore], version: str
) -> None:
    store = make_fhir_store(version, enableUpdateCreate=True)
    bundles = synthea(version)
    loaded = 0
    for kind, system, value in [] if version == "R4" else sorted(set(referred(bundles))):
        store.create({"resourceType": kind, "identifier": [{"system": system, "value": value}]})
        loaded += 1
    for bundle in bundles:
        done = execute(store, bundle)
        assert {each["response"]["status"] for each in done} <= {"200 OK", "201 Created"}
        loaded += len(done)
    assert store.read("?_total=accurate&_count=1")["total"] == loaded
    patient = store.read("Patient?_count=1")["entry"][0]["resource"]["id"]
    everything = store.read(f"Patient/{patient}/$everything?_count=1000")
    found = store.read(f"Observation?subject=Patient/{patient}&_total=accurate&_count=1")["total"]
    kinds = [each["resource"]["resourceType"] for each in everything["entry"]]
    assert kinds[0] == "Patient"
    assert kinds.count("Observation") == found > 0
