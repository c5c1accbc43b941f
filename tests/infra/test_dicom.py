"""Further DICOM stores, and datasets and buckets that are there already: made, granted, or left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.dicom_options import DICOM_STORES
from infra.outputs import DicomStoreOutputs, Outputs
from infra.settings import NAMESPACE, SettingsError
from tests.infra.documented import documented
from tests.infra.graph import PROJECT, declare, settings

DATASET = f"projects/{PROJECT}/locations/us-central1/datasets/imaging-dev"
STORES = json.dumps({"heart-mr": {"streamToBigQuery": True}, "quiet": {"notify": False}})
EXISTING = {"useDataset": "hospital", "useLandingBucket": "archive", "useExportBucket": "archive"}


def test_each_store_notifies_and_streams_as_its_settings_say() -> None:
    graph = declare(settings(dicomStores=STORES))
    stores = {each.inputs["name"]: each.inputs for each in graph.of("healthcare/dicomStore:DicomStore")}
    assert set(stores) == {"dicom", "heart-mr", "quiet"}
    topic = {"pubsubTopic": f"projects/{PROJECT}/topics/imaging-dev-dicom", "sendForBulkImport": True}
    assert stores["heart-mr"]["notificationConfig"] == topic
    table = f"bq://{PROJECT}.imaging_dev.dicom_stream_heart_mr"
    assert stores["heart-mr"]["streamConfigs"] == [{"bigqueryDestination": {"tableUri": table}}]
    assert not {"notificationConfig", "streamConfigs"} & set(stores["quiet"])
    assert {each["labels"]["environment"] for each in stores.values()} == {"dev"}


def test_the_accounts_may_do_in_each_what_they_may_do_in_the_first() -> None:
    graph = declare(settings(dicomStores=STORES))
    given: dict[str, set[tuple[str, str]]] = {}
    for each in graph.of("healthcare/dicomStoreIamMember:DicomStoreIamMember"):
        store = each.inputs["dicomStoreId"].rpartition("/")[2]
        given.setdefault(store, set()).add((each.inputs["member"], each.inputs["role"]))
    assert given["heart-mr"] == given["quiet"] == given["dicom"]


def test_the_outputs_say_what_a_command_needs_to_work_on_another_store() -> None:
    outputs = Outputs.from_mapping(declare(settings(dicomStores=STORES)).outputs)
    table = f"bq://{PROJECT}.imaging_dev.dicom_stream_heart_mr"
    assert outputs.dicom_stores["heart-mr"] == DicomStoreOutputs(f"{DATASET}/dicomStores/heart-mr", table, streams=True)
    chosen = outputs.of_dicom_store("heart-mr")
    assert chosen.dicom_store_name == f"{DATASET}/dicomStores/heart-mr"
    assert chosen.dicomweb_url == f"https://healthcare.googleapis.com/v1/{chosen.dicom_store_name}/dicomWeb"
    assert chosen.dicom_stream_table == table
    assert outputs.of_dicom_store("quiet").dicom_stream_table is None
    assert outputs.of_dicom_store("dicom") == outputs
    assert Outputs.from_json(outputs.to_json()) == outputs


@pytest.mark.parametrize(
    ("stores", "says"),
    [
        ({"dicom": {}}, "dicomStores.dicom is the store that every stack has: call this one otherwise."),
        ({"a": {"version": "R4"}}, "dicomStores.a.version is not a setting of a DICOM store"),
        ({"a": {"notify": False, "notifyOnBulkImport": True}}, "dicomStores.a.notifyOnBulkImport has no effect"),
        ({"A": {}}, "dicomStores.A can't be a store's name"),
    ],
)
def test_a_wrong_store_is_one_sentence(stores: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(dicomStores=json.dumps(stores))
    (problem,) = caught.value.problems
    assert problem.startswith(f"Pulumi.dev.yaml: {NAMESPACE}:{says}")


def test_what_is_there_already_gets_grants_and_is_neither_made_nor_deleted() -> None:
    graph = declare(settings(**EXISTING))
    assert [
        each for each in graph if each.kind in ("gcp:storage/bucket:Bucket", "gcp:healthcare/dataset:Dataset")
    ] == []
    dataset = f"projects/{PROJECT}/locations/us-central1/datasets/hospital"
    (store,) = graph.of("healthcare/dicomStore:DicomStore")
    assert store.inputs["dataset"] == dataset
    assert {each.inputs["datasetId"] for each in graph.of("healthcare/datasetIamMember:DatasetIamMember")} == {dataset}
    assert {each.inputs["bucket"] for each in graph.of("storage/bucketIAMMember:BucketIAMMember")} == {"archive"}
    outputs = Outputs.from_mapping(graph.outputs)
    assert (outputs.dataset_name, outputs.landing_bucket, outputs.export_bucket) == (dataset, "archive", "archive")


@pytest.mark.parametrize(
    ("key", "text"),
    [("useDataset", "projects/p/datasets/d"), ("useLandingBucket", "gs://bucket"), ("useExportBucket", "B")],
)
def test_what_is_there_already_is_named_by_its_id(key: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{NAMESPACE}:{key} must be a"):
        settings(**{key: text})


def test_the_documentation_has_every_setting_as_it_is() -> None:
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "configure.md").read_text(encoding="utf-8")
    table = text.split("## DICOM stores")[1].split("| setting |")[1].split("\n\n")[0].partition("\n")[2]
    assert table.strip().splitlines()[1:] == documented(DICOM_STORES)
