"""What each operator asks of the API (Cloud Healthcare v1: bodies of import, export and deidentify)."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.exceptions import AirflowException

from cloud_healthcare_provider.operators import deidentify, transfers

DATASET = "projects/p/locations/l/datasets/d"
DICOM, FHIR, HL7V2 = (f"{DATASET}/{kind}Stores/s" for kind in ("dicom", "fhir", "hl7V2"))
FULL = {"contentStructure": "MESSAGE_JSON", "messageView": "FULL"}
CASES: list[tuple[Any, dict[str, Any], str, dict[str, Any]]] = [
    (
        transfers.DicomImportOperator,
        {"store": DICOM, "gcs_uri": "gs://b/*"},
        "import",
        {"gcsSource": {"uri": "gs://b/*"}},
    ),
    (
        transfers.DicomImportOperator,
        {"store": DICOM, "gcs_uri": "gs://b/*", "blob_storage_class": "NEARLINE"},
        "import",
        {"gcsSource": {"uri": "gs://b/*"}, "blobStorageSettings": {"blobStorageClass": "NEARLINE"}},
    ),
    (
        transfers.FhirImportOperator,
        {"store": FHIR, "gcs_uri": "gs://b/*", "content_structure": "BUNDLE"},
        "import",
        {"gcsSource": {"uri": "gs://b/*"}, "contentStructure": "BUNDLE"},
    ),
    (
        transfers.Hl7v2ImportOperator,
        {"store": HL7V2, "gcs_uri": "gs://b/*"},
        "import",
        {"gcsSource": {"uri": "gs://b/*"}},
    ),
    (
        transfers.DicomExportOperator,
        {"store": DICOM, "gcs_uri_prefix": "gs://b/f", "mime_type": "image/png", "filter_uri": "gs://b/filter"},
        "export",
        {
            "gcsDestination": {"uriPrefix": "gs://b/f", "mimeType": "image/png"},
            "filterConfig": {"resourcePathsGcsUri": "gs://b/filter"},
        },
    ),
    (
        transfers.DicomExportOperator,
        {"store": DICOM, "table_uri": "bq://p.d.t", "write_disposition": "WRITE_TRUNCATE"},
        "export",
        {"bigqueryDestination": {"tableUri": "bq://p.d.t", "writeDisposition": "WRITE_TRUNCATE"}},
    ),
    (
        transfers.FhirExportOperator,
        {"store": FHIR, "dataset_uri": "bq://p.d"},
        "export",
        {
            "bigqueryDestination": {
                "datasetUri": "bq://p.d",
                "schemaConfig": {"schemaType": "ANALYTICS_V2"},
                "writeDisposition": "WRITE_EMPTY",
            }
        },
    ),
    (
        transfers.FhirExportOperator,
        {"store": FHIR, "gcs_uri_prefix": "gs://b/f", "since": "2026-01-01T00:00:00Z", "types": "Patient"},
        "export",
        {"gcsDestination": {"uriPrefix": "gs://b/f"}, "_since": "2026-01-01T00:00:00Z", "_type": "Patient"},
    ),
    (
        transfers.Hl7v2ExportOperator,
        {"store": HL7V2, "gcs_uri_prefix": "gs://b/f", "message_filter": 'messageType="ADT"'},
        "export",
        {"gcsDestination": {"uriPrefix": "gs://b/f", **FULL}, "filter": 'messageType="ADT"'},
    ),
    (
        transfers.Hl7v2ExportOperator,
        {"store": HL7V2, "pubsub_topic": "projects/p/topics/t", "start_time": "2026-01-01T00:00:00Z"},
        "export",
        {"pubsubDestination": {"pubsubTopic": "projects/p/topics/t"}, "startTime": "2026-01-01T00:00:00Z"},
    ),
    (
        deidentify.DicomDeidentifyOperator,
        {"source": DICOM, "destination": f"{DICOM}-2", "config": {}, "filter_uri": "gs://b/filter"},
        "deidentify",
        {"config": {}, "destinationStore": f"{DICOM}-2", "filterConfig": {"resourcePathsGcsUri": "gs://b/filter"}},
    ),
    (
        deidentify.FhirDeidentifyOperator,
        {"source": FHIR, "destination": f"{FHIR}-2", "config_uri": "gs://b/c.json", "resource_names": ["Patient/a"]},
        "deidentify",
        {
            "gcsConfigUri": "gs://b/c.json",
            "destinationStore": f"{FHIR}-2",
            "resourceFilter": {"resources": {"resources": ["Patient/a"]}},
        },
    ),
    (
        deidentify.DatasetDeidentifyOperator,
        {"source": DATASET, "destination": f"{DATASET}-2", "config": {"dicom": {}}},
        "deidentify",
        {"config": {"dicom": {}}, "destinationDataset": f"{DATASET}-2"},
    ),
]


@pytest.mark.parametrize(("operator", "arguments", "verb", "body"), CASES)
def test_an_operator_asks_what_its_arguments_say(
    operator: Any, arguments: dict[str, Any], verb: str, body: dict[str, Any]
) -> None:
    resource = arguments.get("store") or arguments["source"]
    assert operator(task_id="t", **arguments).request() == (resource, verb, body)


@pytest.mark.parametrize("operator", {case[0] for case in CASES})
def test_what_an_operator_is_told_of_data_is_a_template(operator: Any) -> None:
    case = next(case for case in CASES if case[0] is operator)
    assert set(case[1]) <= set(operator.template_fields)
    made = operator(task_id="t", **case[1])
    assert all(hasattr(made, field) for field in operator.template_fields)


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (transfers.DicomImportOperator, {"store": FHIR, "gcs_uri": "gs://b/*"}),
        (transfers.FhirImportOperator, {"store": DATASET, "gcs_uri": "gs://b/*"}),
        (deidentify.DatasetDeidentifyOperator, {"source": DATASET, "destination": FHIR, "config": {}}),
        (deidentify.DatasetDeidentifyOperator, {"source": DATASET, "destination": f"{DATASET}-2"}),
        (transfers.DicomExportOperator, {"store": DICOM}),
        (transfers.DicomExportOperator, {"store": DICOM, "gcs_uri_prefix": "gs://b/f", "table_uri": "bq://p.d.t"}),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_asked(operator: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(AirflowException):
        operator(task_id="t", **arguments).request()
