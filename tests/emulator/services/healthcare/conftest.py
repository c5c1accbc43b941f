"""Fixtures: a dataset and DICOM store of its own for a test, and DICOMweb on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from dicomweb_client.api import DICOMwebClient

from tests.emulator.services.healthcare.transfers import agent
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from google.cloud import bigquery

LOCATION = "us-central1"


@dataclass(frozen=True)
class Store:
    """A DICOM store and ways to talk to it."""

    name: str
    dataset: str
    url: str
    session: requests.Session
    client: DICOMwebClient

    def get(self, path: str, accept: str = "*/*", **parameters: Any) -> requests.Response:
        """GET below .../dicomWeb."""
        return self.session.get(f"{self.url}/{path}", params=parameters, headers={"Accept": accept}, timeout=PATIENCE)

    def post(self, data: bytes, accept: str = "application/dicom+json", path: str = "studies") -> requests.Response:
        """Store one file."""
        headers = {"Content-Type": "application/dicom", "Accept": accept}
        return self.session.post(f"{self.url}/{path}", data=data, headers=headers, timeout=PATIENCE)


@pytest.fixture(scope="session")
def dataset(emulator: RunningEmulator, healthcare: Any) -> str:
    """A dataset for all tests."""
    parent = f"projects/{emulator.project}/locations/{LOCATION}"
    datasets = healthcare.projects().locations().datasets()
    datasets.create(parent=parent, datasetId="imaging", body={}).execute()
    return f"{parent}/datasets/imaging"


@pytest.fixture
def make_store(
    emulator: RunningEmulator, healthcare: Any, dataset: str, unique: Callable[[str], str]
) -> Callable[..., Store]:
    """Creates a store; `make_store(notificationConfig={...})`."""

    def make(**body: Any) -> Store:
        stores = healthcare.projects().locations().datasets().dicomStores()
        name = stores.create(parent=dataset, dicomStoreId=unique("store"), body=body).execute()["name"]
        url = f"{emulator.base_url}/v1/{name}/dicomWeb"
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {emulator.owner_token}"
        return Store(name, dataset, url, session, DICOMwebClient(url, session=session))

    return make


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """An empty store."""
    return make_store()


@pytest.fixture
def topic(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    """A topic on which the service agent may publish, with a subscription of the same name."""
    name = unique("films")
    full = f"projects/{emulator.project}/topics/{name}"
    assert emulator.request("PUT", f"/v1/{full}", {})[0] == 200
    subscription = f"projects/{emulator.project}/subscriptions/{name}"
    assert emulator.request("PUT", f"/v1/{subscription}", {"topic": full})[0] == 200
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent(emulator)]}]}
    assert emulator.request("POST", f"/v1/{full}:setIamPolicy", {"policy": policy})[0] == 200
    return full


@pytest.fixture(scope="module")
def agent_runs_jobs(emulator: RunningEmulator) -> Iterator[None]:
    """Grant the service agent roles/bigquery.jobUser on the project for a module, beside what its policy holds."""
    url, binding = f"/v1/projects/{emulator.project}", {"role": "roles/bigquery.jobUser", "members": [agent(emulator)]}
    _, policy = emulator.request("POST", f"{url}:getIamPolicy", {})
    policy["bindings"] = [*policy.get("bindings", []), binding]
    code, answer = emulator.request("POST", f"{url}:setIamPolicy", {"policy": policy})
    assert code == 200, answer
    yield
    _, policy = emulator.request("POST", f"{url}:getIamPolicy", {})
    policy["bindings"].remove(binding)
    assert emulator.request("POST", f"{url}:setIamPolicy", {"policy": policy})[0] == 200


@pytest.fixture
def tables(emulator: RunningEmulator, bigquery_client: "bigquery.Client", unique: Callable[[str], str]) -> str:
    """A BigQuery dataset that the service agent may edit: PROJECT.DATASET."""
    from google.cloud import bigquery

    name = f"{emulator.project}.{unique('tables').replace('-', '_')}"
    made_dataset = bigquery_client.create_dataset(name)
    entry = bigquery.AccessEntry("WRITER", "userByEmail", agent(emulator).partition(":")[2])
    made_dataset.access_entries = [*made_dataset.access_entries, entry]
    bigquery_client.update_dataset(made_dataset, ["access_entries"])
    return name
