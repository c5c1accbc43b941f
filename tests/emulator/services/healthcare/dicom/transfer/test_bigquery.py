import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import requests
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.conftest import LOCATION, Store
from tests.emulator.services.healthcare.instances import file_of, instance, made
from tests.emulator.services.healthcare.transfers import agent, make_bucket, run, upload
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

if TYPE_CHECKING:
    from google.cloud import bigquery


pytestmark = pytest.mark.usefixtures("agent_runs_jobs")


def to(table: str, **more: Any) -> dict[str, Any]:
    return {"bigqueryDestination": {"tableUri": f"bq://{table}", **more}}


def rows(client: "bigquery.Client", table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in client.query(f"SELECT * FROM `{table}`").result()]


def film() -> bytes:
    whole = instance(PatientName="Müller^Jörg=王^小東", StudyTime="101112.5", ImageType=["ORIGINAL", "PRIMARY"])
    whole.WindowCenter, whole.WindowWidth, whole.PatientSize = 40, 400, "1.75"
    whole.InstanceNumber = 3
    whole.AcquisitionDateTime = "20200102101112.250000+0100"
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "T-D3000", "Chest"
    whole.AnatomicRegionSequence = Sequence([item])
    block = whole.private_block(0x0029, "MAKER", create=True)
    block.add_new(0x01, "LO", ["x", "y"])
    return file_of(whole)


def test_flattened_rows(
    emulator: RunningEmulator, store: Store, bigquery_client: "bigquery.Client", tables: str
) -> None:
    assert store.post(film()).status_code == 200
    table = f"{tables}.films"
    done = run(emulator, store.name, "export", to(table, includeSourceStore=True))
    assert done["metadata"]["counter"] == {"success": "1"}, done
    (row,) = rows(bigquery_client, table)
    assert row["PatientName"]["Alphabetic"]["FamilyName"] == "Müller"
    assert row["PatientName"]["Ideographic"]["GivenName"] == "小東"
    assert row["PatientName"]["Phonetic"] is None
    assert (str(row["StudyDate"]), str(row["StudyTime"])) == ("2020-01-02", "10:11:12.500000")
    assert row["AcquisitionDateTime"].isoformat() == "2020-01-02T09:11:12.250000+00:00"
    assert (row["ImageType"], row["WindowCenter"]) == (["ORIGINAL", "PRIMARY"], ["40"])
    assert (row["PatientSize"], row["InstanceNumber"], row["Rows"]) == ("1.75", "3", 4)
    assert row["AnatomicRegionSequence"][0]["CodeMeaning"] == "Chest"
    assert {"Tag": "Tag_00291001", "Data": ["x", "y"]} in row["OtherElements"]
    assert (row["Type"], row["StorageClass"], row["SourceDicomStore"]) == ("INSERT", "STANDARD", store.name)
    assert row["BlobStorageSize"] == len(film())
    assert "PixelData" not in row


def test_json_schema(emulator: RunningEmulator, store: Store, bigquery_client: "bigquery.Client", tables: str) -> None:
    assert store.post(film()).status_code == 200
    table = f"{tables}.films"
    run(emulator, store.name, "export", to(table, schemaJson={}))
    names = {field.name: field.field_type for field in bigquery_client.get_table(table).schema}
    assert names["Metadata"] == "JSON"
    assert "SourceDicomStore" not in names
    (row,) = rows(bigquery_client, table)
    metadata = row["Metadata"] if isinstance(row["Metadata"], dict) else orjson.loads(row["Metadata"])
    assert metadata["00100020"]["Value"] == ["P1"]
    assert row["SOPInstanceUID"] == "1.2.1.1.1"


def test_write_dispositions(
    emulator: RunningEmulator, store: Store, bigquery_client: "bigquery.Client", tables: str
) -> None:
    assert store.post(made()).status_code == 200
    table = f"{tables}.films"
    accepted: list[tuple[dict[str, Any], int]] = [
        ({}, 1),
        ({"writeDisposition": "WRITE_APPEND"}, 2),
        ({"force": True}, 1),
    ]
    for body, count in accepted:
        assert "error" not in run(emulator, store.name, "export", to(table, **body))
        assert len(rows(bigquery_client, table)) == count
    refused: list[dict[str, Any]] = [{}, {"force": False}, {"writeDisposition": "WRITE_EMPTY", "force": True}]
    for body in refused:
        assert run(emulator, store.name, "export", to(table, **body))["error"]["code"] == 6
    assert "error" not in run(emulator, store.name, "export", to(table, writeDisposition="WRITE_TRUNCATE"))


def test_agent_without_its_grant(
    emulator: RunningEmulator, store: Store, bigquery_client: "bigquery.Client", unique: Callable[[str], str]
) -> None:
    assert store.post(made()).status_code == 200
    name = f"{emulator.project}.{unique('closed').replace('-', '_')}"
    bigquery_client.create_dataset(name)
    done = run(emulator, store.name, "export", to(f"{name}.films"))
    assert done["error"]["code"] == 7
    assert "BigQuery permission" in done["error"]["message"]


def test_dataset_that_is_not_there(emulator: RunningEmulator, store: Store) -> None:
    assert store.post(made()).status_code == 200
    done = run(emulator, store.name, "export", to(f"{emulator.project}.nowhere.films"))
    assert done["error"]["code"] == 5


def arrived(client: "bigquery.Client", table: str, count: int) -> list[dict[str, Any]]:
    from google.api_core.exceptions import NotFound

    def found() -> list[dict[str, Any]]:
        with contextlib.suppress(NotFound):
            return rows(client, table)
        return []

    return eventually(found, lambda known: len(known) >= count)


def test_stream_follows_every_change(
    emulator: RunningEmulator,
    make_store: Callable[..., Store],
    bigquery_client: "bigquery.Client",
    tables: str,
    unique: Callable[[str], str],
) -> None:
    table = f"{tables}.stream"
    store = make_store(streamConfigs=[to(table)])
    assert store.post(made()).status_code == 200
    assert arrived(bigquery_client, table, 1)[0]["Type"] == "INSERT"
    bucket = make_bucket(emulator, unique("landing"), "roles/storage.objectViewer")
    upload(emulator, bucket, "a.dcm", made(uid="1.2.1.1.2", PatientComments="a column more"))
    run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{bucket}/*"}})
    found = arrived(bigquery_client, table, 2)
    assert {row["PatientComments"] for row in found} == {None, "a column more"}
    store.session.delete(f"{store.url}/studies/1.2.1", timeout=PATIENCE)
    assert sorted(row["Type"] for row in arrived(bigquery_client, table, 4)) == [
        "DELETE",
        "DELETE",
        "INSERT",
        "INSERT",
    ]


@pytest.mark.crash
def test_what_waits_for_a_stream_survives_a_kill(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    parent = f"projects/{emulator.project}/locations/{LOCATION}"
    datasets = f"/bigquery/v2/projects/{emulator.project}/datasets"
    member = agent(emulator).partition(":")[2]
    access = [{"role": "WRITER", "userByEmail": member}, {"role": "OWNER", "specialGroup": "projectOwners"}]
    reference = {"projectId": emulator.project, "datasetId": "films"}
    assert emulator.request("POST", datasets, {"datasetReference": reference, "access": access})[0] == 200
    assert emulator.request("POST", f"/v1/{parent}/datasets?datasetId=d", {})[0] == 200
    stores = f"/v1/{parent}/datasets/d/dicomStores"
    streams = {"streamConfigs": [to(f"{emulator.project}.films.stream")]}
    assert emulator.request("POST", f"{stores}?dicomStoreId=s", streams)[0] == 200
    headers = {"Authorization": f"Bearer {emulator.owner_token}", "Content-Type": "application/dicom"}
    uids = [f"1.2.1.1.{number}" for number in range(20)]
    for uid in uids:
        url = f"{emulator.base_url}{stores}/s/dicomWeb/studies"
        assert requests.post(url, made(uid=uid), headers=headers, timeout=PATIENCE).status_code == 200
    emulator.kill()
    emulator.start()

    def found() -> set[str]:
        query = {"query": "SELECT SOPInstanceUID FROM films.stream", "useLegacySql": False}
        _, answer = emulator.request("POST", f"/bigquery/v2/projects/{emulator.project}/queries", query)
        return {row["f"][0]["v"] for row in answer.get("rows", [])}

    assert eventually(found, lambda known: known >= set(uids)) == set(uids)
