"""fhirpy and fhirclient, which know nothing of Google, on the address of a FHIR store."""

from pathlib import Path

from tests.clients.conftest import Run, skip_without
from tests.clients.prepare import FHIR, HERE
from tests.support.emulator import RunningEmulator

pytestmark = skip_without(FHIR)


def test_clients_of_other_servers(run: Run, with_tls: RunningEmulator, tmp_path: Path) -> None:
    parent = f"/v1/projects/{with_tls.project}/locations/us-central1/datasets"
    assert with_tls.request("POST", f"{parent}?datasetId=d", {})[0] == 200
    settings = {"version": "R4", "enableUpdateCreate": True}
    assert with_tls.request("POST", f"{parent}/d/fhirStores?fhirStoreId=f", settings)[0] == 200
    store = f"{with_tls.base_url}{parent}/d/fhirStores/f/fhir"
    python, script = FHIR.folder / "bin" / "python", HERE / "fhir" / "resources.py"
    run(python, script, store, with_tls.owner_token, folder=tmp_path)
