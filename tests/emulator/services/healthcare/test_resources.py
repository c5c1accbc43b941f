from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.services.healthcare.conftest import LOCATION, Store
from tests.emulator.services.healthcare.instances import made
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "dicomStores": ("dicomStoreId", {"labels": {"a": "b"}}),
    "fhirStores": ("fhirStoreId", {"version": "R4", "enableUpdateCreate": True}),
    "hl7V2Stores": ("hl7V2StoreId", {"parserConfig": {"version": "V3", "allowNullHeader": True}}),
    "consentStores": ("consentStoreId", {"defaultConsentTtl": "86400s"}),
}


def status(error: "pytest.ExceptionInfo[HttpError]") -> int:
    return int(error.value.resp.status)


def test_dataset_is_readable_at_once_and_shows_only_what_was_set(
    emulator: RunningEmulator, healthcare: Any, unique: Callable[[str], str]
) -> None:
    parent = f"projects/{emulator.project}/locations/{LOCATION}"
    datasets, name = healthcare.projects().locations().datasets(), unique("dataset")
    operation = datasets.create(parent=parent, datasetId=name, body={}).execute()
    assert operation["name"].startswith(f"{parent}/datasets/{name}/operations/")
    assert operation["done"] is True
    assert operation["response"]["@type"] == "type.googleapis.com/google.cloud.healthcare.v1.dataset.Dataset"
    method = operation["metadata"]["apiMethodName"]
    assert method == "google.cloud.healthcare.v1.dataset.DatasetService.CreateDataset"
    assert datasets.get(name=f"{parent}/datasets/{name}").execute() == {"name": f"{parent}/datasets/{name}"}
    assert datasets.operations().get(name=operation["name"]).execute() == operation
    with pytest.raises(HttpError) as again:
        datasets.create(parent=parent, datasetId=name, body={}).execute()
    assert status(again) == 409


def test_v1beta1_has_its_own_operation_names(emulator: RunningEmulator, unique: Callable[[str], str]) -> None:
    path = f"/v1beta1/projects/{emulator.project}/locations/{LOCATION}/datasets?datasetId={unique('dataset')}"
    code, operation = emulator.request("POST", path, {"timeZone": "UTC"})
    assert code == 200
    assert operation["metadata"]["@type"] == "type.googleapis.com/google.cloud.healthcare.v1beta1.OperationMetadata"
    assert operation["response"]["timeZone"] == "UTC"


def test_time_zone_is_one_that_there_is(
    emulator: RunningEmulator, healthcare: Any, unique: Callable[[str], str]
) -> None:
    parent = f"projects/{emulator.project}/locations/{LOCATION}"
    datasets, name = healthcare.projects().locations().datasets(), unique("dataset")
    with pytest.raises(HttpError, match="IANA") as refused:
        datasets.create(parent=parent, datasetId=name, body={"timeZone": "Europe/Atlantis"}).execute()
    assert status(refused) == 400
    datasets.create(parent=parent, datasetId=name, body={"timeZone": "Europe/Berlin"}).execute()
    with pytest.raises(HttpError, match="IANA") as refused:
        datasets.patch(name=f"{parent}/datasets/{name}", updateMask="timeZone", body={"timeZone": "../x"}).execute()
    assert status(refused) == 400


def test_dataset_is_changed_listed_and_deleted_with_all_below(
    emulator: RunningEmulator, healthcare: Any, unique: Callable[[str], str]
) -> None:
    parent = f"projects/{emulator.project}/locations/{LOCATION}"
    datasets, name = healthcare.projects().locations().datasets(), unique("dataset")
    full = f"{parent}/datasets/{name}"
    datasets.create(parent=parent, datasetId=name, body={}).execute()
    changed = datasets.patch(name=full, updateMask="timeZone", body={"timeZone": "America/Chicago"}).execute()
    assert changed == {"name": full, "timeZone": "America/Chicago"}
    assert full in [found["name"] for found in datasets.list(parent=parent).execute()["datasets"]]
    datasets.dicomStores().create(parent=full, dicomStoreId="s", body={}).execute()
    url = f"{emulator.base_url}/v1/{full}/dicomStores/s/dicomWeb/studies"
    import requests

    headers = {"Authorization": f"Bearer {emulator.owner_token}", "Content-Type": "application/dicom"}
    assert requests.post(url, data=made(), headers=headers, timeout=PATIENCE).status_code == 200
    assert datasets.delete(name=full).execute() == {}
    with pytest.raises(HttpError) as gone:
        datasets.get(name=full).execute()
    assert status(gone) == 404
    datasets.create(parent=parent, datasetId=name, body={}).execute()
    datasets.dicomStores().create(parent=full, dicomStoreId="s", body={}).execute()
    assert requests.get(url, headers=headers, timeout=PATIENCE).status_code == 204


@pytest.mark.parametrize("kind", KINDS)
def test_store_of_each_kind(healthcare: Any, dataset: str, unique: Callable[[str], str], kind: str) -> None:
    stores = getattr(healthcare.projects().locations().datasets(), kind)()
    parameter, body = KINDS[kind]
    name = f"{dataset}/{kind}/{unique('kind')}"
    created = stores.create(parent=dataset, body=body, **{parameter: name.rsplit("/", 1)[1]}).execute()
    assert created == stores.get(name=name).execute() == {"name": name, **body}
    changed = stores.patch(name=name, updateMask="labels", body={"labels": {"x": "y"}}).execute()
    assert changed["labels"] == {"x": "y"}
    found = stores.list(parent=dataset, filter="labels.x=y").execute()[kind]
    assert name in [one["name"] for one in found]
    binding = {"role": "roles/healthcare.dicomViewer", "members": ["user:a@example.com"]}
    policy = stores.setIamPolicy(resource=name, body={"policy": {"bindings": [binding]}}).execute()
    assert stores.getIamPolicy(resource=name).execute() == policy
    assert policy["bindings"] == [binding]
    wanted = {"permissions": ["healthcare.dicomStores.get"]}
    assert stores.testIamPermissions(resource=name, body=wanted).execute() == wanted
    assert stores.delete(name=name).execute() == {}
    with pytest.raises(HttpError) as gone:
        stores.get(name=name).execute()
    assert status(gone) == 404


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("dicomStores", {"notificationConfig": {"pubsubTopic": "films"}}, "pubsubTopic"),
        ("dicomStores", {"streamConfigs": [{"bigqueryDestination": {"tableUri": "a.b.c"}}]}, "tableUri"),
        ("dicomStores", {"labels": {"a" * 64: "b"}}, 'Invalid labels key "a'),
        ("fhirStores", {"version": "R4", "labels": {"Team": "lung"}}, 'Invalid labels key "Team"'),
        ("hl7V2Stores", {"labels": {"team": "Lung"}}, 'Invalid labels value of "team"'),
        ("consentStores", {"labels": {"1st": "lung"}}, 'Invalid labels key "1st"'),
        ("dicomStores", {"colour": "blue"}, "colour"),
        ("fhirStores", {}, "version"),
        ("consentStores", {"defaultConsentTtl": "60s"}, "24 hours"),
    ],
)
def test_wrong_store_is_a_400_that_says_why(
    healthcare: Any, dataset: str, unique: Callable[[str], str], kind: str, body: dict[str, Any], words: str
) -> None:
    stores = getattr(healthcare.projects().locations().datasets(), kind)()
    with pytest.raises(HttpError, match=words) as refused:
        stores.create(parent=dataset, body=body, **{KINDS[kind][0]: unique("wrong")}).execute()
    assert status(refused) == 400


def test_immutable_field_and_mixed_mask(healthcare: Any, dataset: str, unique: Callable[[str], str]) -> None:
    stores = healthcare.projects().locations().datasets().hl7V2Stores()
    body = {"parserConfig": {"version": "V3"}}
    name = stores.create(parent=dataset, hl7V2StoreId=unique("hl7"), body=body).execute()["name"]
    change = {"parserConfig": {"allowNullHeader": True}, "rejectDuplicateMessage": True}
    mask = "parser_config.allow_null_header,rejectDuplicateMessage"
    changed = stores.patch(name=name, updateMask=mask, body=change).execute()
    assert changed["parserConfig"] == {"version": "V3", "allowNullHeader": True}
    with pytest.raises(HttpError) as refused:
        stores.patch(name=name, updateMask="parserConfig.version", body={"parserConfig": {"version": "V2"}}).execute()
    assert status(refused) == 400


def test_locations(emulator: RunningEmulator, healthcare: Any) -> None:
    locations = healthcare.projects().locations()
    found = locations.list(name=f"projects/{emulator.project}").execute()["locations"]
    assert LOCATION in [one["locationId"] for one in found]
    one = locations.get(name=f"projects/{emulator.project}/locations/{LOCATION}").execute()
    assert one["locationId"] == LOCATION
    with pytest.raises(HttpError) as missing:
        locations.get(name=f"projects/{emulator.project}/locations/mars").execute()
    assert status(missing) == 404


def test_operations_are_listed(healthcare: Any, dataset: str) -> None:
    operations = healthcare.projects().locations().datasets().operations()
    (created,) = operations.list(name=dataset, filter="metadata.apiMethodName:CreateDataset").execute()["operations"]
    assert created["response"]["name"] == dataset
    page = operations.list(name=dataset, pageSize=1).execute()
    assert len(page["operations"]) == 1
    with pytest.raises(HttpError) as missing:
        operations.get(name=f"{dataset}/operations/1").execute()
    assert status(missing) == 404


def test_metrics_and_storage(healthcare: Any, store: Store) -> None:
    stores = healthcare.projects().locations().datasets().dicomStores()
    assert stores.getDICOMStoreMetrics(name=store.name).execute() == {"name": store.name}
    data = made()
    assert store.post(data).status_code == 200
    found = stores.getDICOMStoreMetrics(name=store.name).execute()
    assert (found["studyCount"], found["seriesCount"], found["instanceCount"]) == ("1", "1", "1")
    assert found["blobStorageSizeBytes"] == str(len(data))
    studies = stores.dicomWeb().studies()
    study = f"{store.name}/dicomWeb/studies/1.2.1"
    assert studies.getStudyMetrics(study=study).execute()["instanceCount"] == "1"
    series = f"{study}/series/1.2.1.1"
    assert studies.series().getSeriesMetrics(series=series).execute()["series"] == series
    name = f"{series}/instances/1.2.1.1.1"
    instances = studies.series().instances()
    assert instances.getStorageInfo(resource=name).execute()["blobStorageInfo"]["storageClass"] == "STANDARD"
    body = {"blobStorageSettings": {"blobStorageClass": "NEARLINE"}}
    assert set(studies.setBlobStorageSettings(resource=study, body=body).execute()) == {"name"}
    assert instances.getStorageInfo(resource=name).execute()["blobStorageInfo"]["storageClass"] == "NEARLINE"
    with pytest.raises(HttpError) as missing:
        studies.getStudyMetrics(study=f"{store.name}/dicomWeb/studies/9").execute()
    assert status(missing) == 404
