"""Google's APIs that are not emulated are told by the method's id; what nobody has is a 404."""

import pytest

from emulator.gateway import neighbours
from tests.support.emulator import RunningEmulator


@pytest.mark.parametrize(
    ("http", "path", "method"),
    [
        ("GET", "/v1/projects/p/locations/l/repositories/r", "artifactregistry.projects.locations.repositories.get"),
        ("GET", "/v2/projects/p/locations/l/services/s", "run.projects.locations.services.get"),
        ("POST", "/v1/projects/p/locations/l/connections", "bigqueryconnection.projects.locations.connections.create"),
        ("GET", "/v1beta1/projects/p/locations/l/jobs", "cloudscheduler.projects.locations.jobs.list"),
        ("POST", "/v2/projects/p/policies", "orgpolicy.projects.policies.create"),
    ],
)
def test_a_known_api_is_named(emulator: RunningEmulator, http: str, path: str, method: str) -> None:
    status, answer = emulator.request(http, path)
    assert (status, answer["error"]["message"]) == (501, f"{method} is not emulated.")


@pytest.mark.parametrize("path", ["/batch", "/batch/bigquery/v2", "/batch/healthcare/v1"])
def test_batches_of_other_apis_are_named(emulator: RunningEmulator, path: str) -> None:
    """As Google's clients send them: batchPath of the discovery documents."""
    status, answer = emulator.request("POST", path)
    assert (status, "/batch/storage/v1" in answer["error"]["message"]) == (501, True)


def test_compute_engine_is_named(emulator: RunningEmulator) -> None:
    status, answer = emulator.request("GET", "/compute/v1/projects/p/global/networks")
    assert (status, "Compute Engine is not emulated" in answer["error"]["message"]) == (501, True)


@pytest.mark.parametrize("path", ["/v1/projects/p/nonsense", "/a/b/c/d", "/v1/projects/p/secrets/s/t/u/v"])
def test_what_no_api_has_is_a_404(emulator: RunningEmulator, path: str) -> None:
    assert emulator.request("PATCH", path)[0] == 404


def test_each_document_has_methods() -> None:
    found = {document.name: document.methods for document in neighbours.documents()}
    assert tuple(found) == neighbours.DOCUMENTS
    assert all(found.values())
