"""Names that mean something to file systems, addresses or eyes: refused, or just names."""

import re
from collections.abc import Callable

import pytest

from emulator.gateway.discovery import load
from tests.emulator.services.healthcare.conftest import LOCATION
from tests.support.emulator import RunningEmulator

STORES = ("dicomStores", "fhirStores", "hl7V2Stores", "consentStores")


@pytest.mark.parametrize(
    "name", [".", "..", "%2e%2e", "%2E", "a%2Fb", "..%2F..", "a%00", "a%0d%0ab", "a%5Cb", "x" * 257]
)
def test_an_id_that_no_address_can_hold_is_refused(
    emulator: RunningEmulator, unique: Callable[[str], str], name: str
) -> None:
    location = f"/v1/projects/{emulator.project}/locations/{LOCATION}"
    assert emulator.request("POST", f"{location}/datasets?datasetId={name}", {})[0] == 400
    dataset = f"{location}/datasets/{unique('names')}"
    assert emulator.request("POST", f"{location}/datasets?datasetId={dataset.rpartition('/')[2]}", {})[0] == 200
    for destination in (f"{dataset[4:].rpartition('/')[0]}/{name}", name):
        body = {"destinationDataset": destination, "config": {}}
        assert emulator.request("POST", f"{dataset}:deidentify", body)[0] == 400
    for kind in STORES:
        body = {"version": "R4"} if kind == "fhirStores" else {}
        status, answer = emulator.request("POST", f"{dataset}/{kind}?{kind[:-1]}Id={name}", body)
        assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_name_is_not_what_a_mask_changes(emulator: RunningEmulator, unique: Callable[[str], str]) -> None:
    location = f"/v1/projects/{emulator.project}/locations/{LOCATION}"
    name = unique("names")
    dataset = f"{location}/datasets/{name}"
    assert emulator.request("POST", f"{location}/datasets?datasetId={name}", {})[0] == 200
    made = emulator.request("POST", f"{dataset}/dicomStores?dicomStoreId=store", {})
    body = {"name": f"{dataset[4:]}/dicomStores/another", "labels": {"a": "b"}}
    status, answer = emulator.request("PATCH", f"{dataset}/dicomStores/store?updateMask=name", body)
    assert (status, answer["error"]["message"]) == (
        400,
        "Invalid field mask: 'name' is not a field that can be updated.",
    )
    assert emulator.request("GET", f"{dataset}/dicomStores/store") == made


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_no_method_minds_a_store_that_is_not_there(emulator: RunningEmulator, version: str) -> None:
    """Methods of Cloud Healthcare's documents below a store, each on one of a name that nothing has."""
    wrong = []
    for method in load(f"healthcare.{version}").methods:
        kind = next((kind for kind in STORES if f"/{kind}/{{{kind}Id}}" in method.flat_path), "")
        if not kind or method.id.endswith("testIamPermissions"):  # which then holds none
            continue
        path = "/" + method.flat_path.replace("{projectsId}", emulator.project)
        path = re.sub(r"\{\w+\}", "none", path)
        status, answer = emulator.request(method.http, path, {} if method.http in ("POST", "PUT", "PATCH") else None)
        if status not in (400, 403, 404, 405, 415, 501):
            wrong.append((status, method.id, answer))
    assert not wrong
