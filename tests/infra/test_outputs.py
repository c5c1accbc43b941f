"""The contract with the scripts: it round-trips, and a misfit is one clear sentence."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import Endpoints, FhirStoreOutputs, Outputs, OutputsError

GOOGLE = Outputs(
    stack="dev",
    environment="dev",
    project="some-project",
    project_number="123456789012",
    location="us-central1",
    labels={"environment": "dev"},
    deletion_protection=True,
    dataset_name="projects/some-project/locations/us-central1/datasets/imaging-dev",
    dicom_store_name="projects/some-project/locations/us-central1/datasets/imaging-dev/dicomStores/dicom",
    dicomweb_url="https://healthcare.googleapis.com/v1/projects/some-project/locations/us-central1/datasets/imaging-dev/dicomStores/dicom/dicomWeb",
    landing_bucket="some-project-dev-landing",
    export_bucket="some-project-dev-export",
    dicom_topic="projects/some-project/topics/imaging-dev-dicom",
    dicom_subscription="projects/some-project/subscriptions/imaging-dev-dicom-watch",
    dead_letter_topic="projects/some-project/topics/imaging-dev-dicom-dead",
    dead_letter_subscription="projects/some-project/subscriptions/imaging-dev-dicom-dead-watch",
    bigquery_dataset="imaging_dev",
    bigquery_location="us-central1",
    loader_email="imaging-dev-loader@some-project.iam.gserviceaccount.com",
    reader_email="imaging-dev-reader@some-project.iam.gserviceaccount.com",
    healthcare_agent_email="service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com",
)
ROOT = "http://127.0.0.1:9470"
EMULATED = dataclasses.replace(
    GOOGLE,
    dicom_stream_table="bq://some-project.imaging_dev.dicom_stream",
    fhir_topic="projects/some-project/topics/imaging-dev-fhir",
    fhir_subscription="projects/some-project/subscriptions/imaging-dev-fhir-watch",
    fhir_stores={
        "fhir": FhirStoreOutputs(
            name="projects/some-project/locations/us-central1/datasets/imaging-dev/fhirStores/fhir",
            version="R4",
            bigquery_dataset="imaging_dev_fhir",
            streams=True,
        )
    },
    endpoints=Endpoints(healthcare=ROOT, storage=ROOT, pubsub=ROOT, pubsub_grpc="127.0.0.1:9471", bigquery=ROOT),
)


@pytest.mark.parametrize("outputs", [GOOGLE, EMULATED])
def test_what_is_written_is_read_back(outputs: Outputs, tmp_path: Path) -> None:
    assert Outputs.from_mapping(outputs.to_mapping()) == outputs
    file = tmp_path / "outputs.json"
    file.write_text(outputs.to_json(), encoding="utf-8")
    assert Outputs.from_file(file) == outputs


def test_the_exports_are_the_fields_in_order() -> None:
    values = {item.name: getattr(EMULATED, item.name) for item in dataclasses.fields(Outputs)}
    backwards = dict(reversed(values.items()))
    assert list(Outputs.exports(**backwards)) == list(values)


def test_an_export_left_out_or_made_up_stops_the_program() -> None:
    values: dict[str, object] = {item.name: getattr(GOOGLE, item.name) for item in dataclasses.fields(Outputs)}
    with pytest.raises(TypeError, match=r"unknown \['extra'\]"):
        Outputs.exports(**values, extra=1)
    del values["landing_bucket"]
    with pytest.raises(TypeError, match=r"missing \['landing_bucket'\]"):
        Outputs.exports(**values)


def test_short_names_come_from_the_full_ones() -> None:
    assert (GOOGLE.dataset_id, GOOGLE.dicom_store_id) == ("imaging-dev", "dicom")


def test_where_the_healthcare_api_answers() -> None:
    assert (GOOGLE.healthcare_endpoint, GOOGLE.emulated) == ("https://healthcare.googleapis.com", False)
    assert (EMULATED.healthcare_endpoint, EMULATED.emulated) == (ROOT, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"landing_bucket": None}, "The stack's outputs lack the field 'landing_bucket': run `pulumi up`"),
        ({"landing_bucket": ""}, "must be a text that is not empty"),
        ({"landing_bucket": 7}, "must be a text that is not empty, not 7"),
        ({"deletion_protection": "yes"}, "must be true or false"),
        ({"labels": {"a": 1}}, "must be an object of strings"),
        ({"endpoints": {"healthcare": 1}}, "must be an object of texts"),
        ({"endpoints": {"teleport": ROOT}}, "names a service 'teleport'"),
        ({"bucket": "x"}, "have a field 'bucket' that this version does not know"),
    ],
)
def test_a_misfit_is_one_sentence(change: dict[str, Any], says: str) -> None:
    with pytest.raises(OutputsError) as caught:
        Outputs.from_mapping({**EMULATED.to_mapping(), **change})
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_stack_that_is_not_up_says_so() -> None:
    with pytest.raises(OutputsError, match="are empty: run `pulumi up`"):
        Outputs.from_json("{}")


@pytest.mark.parametrize(("text", "says"), [("[]", "must be one JSON object"), ("{", "are not JSON")])
def test_what_is_no_json_object_is_refused(text: str, says: str) -> None:
    with pytest.raises(OutputsError, match=says):
        Outputs.from_json(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputsError, match=r"missing\.json: No such file"):
        Outputs.from_file(tmp_path / "missing.json")
    (tmp_path / "latin.json").write_bytes(b"\xff")
    with pytest.raises(OutputsError, match="not UTF-8"):
        Outputs.from_file(tmp_path / "latin.json")


def test_a_null_optional_field_means_none() -> None:
    values = json.loads(GOOGLE.to_json()) | {"dicom_stream_table": None, "endpoints": None}
    assert Outputs.from_mapping(values) == GOOGLE


def test_the_contract_is_read_without_pulumi() -> None:
    code = "import sys, infra.outputs; sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("store", [{}, "R4", {"name": "n", "version": "R4", "bigquery_dataset": "b", "streams": "yes"}])
def test_a_fhir_store_that_lacks_something_is_one_sentence(store: object) -> None:
    values = json.loads(GOOGLE.to_json()) | {"fhir_stores": {"fhir": store}}
    with pytest.raises(OutputsError, match="'fhir_stores' of the stack's outputs must be an object of stores"):
        Outputs.from_mapping(values)
