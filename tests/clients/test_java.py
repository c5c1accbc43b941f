"""HAPI FHIR's client, which knows nothing of Google, and Google's client for Java, by the programs in java/."""

import os
import shutil

import pytest

from tests.clients.conftest import Run, skip_without
from tests.clients.prepare import JAVA
from tests.support.emulator import RunningEmulator

pytestmark = skip_without(JAVA)


@pytest.fixture
def java(run: Run) -> Run:
    """Runs one of the programs with its arguments. Small and quick to start, since each is over in a second or two."""
    options = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
    path = f"{JAVA.folder / 'classes'}{os.pathsep}{JAVA.folder / 'jars'}/*"
    return lambda *words: run(shutil.which("java") or "java", *options, "-cp", path, *words)


@pytest.mark.parametrize(("version", "model"), [("R4", "R4"), ("STU3", "DSTU3")])
def test_hapi_fhir_s_client(java: Run, with_tls: RunningEmulator, version: str, model: str) -> None:
    parent = f"/v1/projects/{with_tls.project}/locations/us-central1/datasets"
    dataset, settings = f"hapi-{version}", {"version": version, "enableUpdateCreate": True}
    assert with_tls.request("POST", f"{parent}?datasetId={dataset}", {})[0] == 200
    assert with_tls.request("POST", f"{parent}/{dataset}/fhirStores?fhirStoreId=f", settings)[0] == 200
    store = f"{with_tls.base_url}{parent}/{dataset}/fhirStores/f/fhir"
    java("Hapi", model, store, with_tls.owner_token)


def test_google_s_client(java: Run, with_tls: RunningEmulator) -> None:
    java("Google", f"projects/{with_tls.project}/locations/us-central1")
