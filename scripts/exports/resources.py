"""Exports of FHIR stores: to a bucket, a file of NDJSON a type, or to BigQuery, a table a type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.exports.export import FHIR, Export

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs

_DEPTH = 3
"""Levels of elements that hold themselves, in a row."""


def to_bucket(store: FhirStoreOutputs, uri: str) -> Export:
    """The export of a store to a prefix, gs://BUCKET/PREFIX/."""
    return Export(FHIR, store.name, uri, {"gcsDestination": {"uriPrefix": uri}})


def to_tables(store: FhirStoreOutputs, dataset: str, write_disposition: str) -> Export:
    """The export of a store to a dataset, PROJECT.DATASET; `write_disposition` is Google's, as WRITE_TRUNCATE."""
    destination = {
        "datasetUri": f"bq://{dataset}",
        "schemaConfig": {"schemaType": "ANALYTICS_V2", "recursiveStructureDepth": _DEPTH},
        "writeDisposition": write_disposition,
    }
    return Export(FHIR, store.name, f"bq://{dataset}", {"bigqueryDestination": destination})
