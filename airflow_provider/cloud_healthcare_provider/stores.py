"""Names of datasets and stores, and what differs between the kinds of store."""

from __future__ import annotations

import re

from airflow.exceptions import AirflowException

DATASET = "projects/[^/]+/locations/[^/]+/datasets/[^/]+"
_METRICS = {
    "dicomStores": "getDICOMStoreMetrics",
    "fhirStores": "getFHIRStoreMetrics",
    "hl7V2Stores": "getHL7v2StoreMetrics",
}


def require_store(name: str, collection: str) -> str:
    """The full name of a store, checked; `collection` is dicomStores, fhirStores or hl7V2Stores.

    Raises AirflowException.
    """
    if not re.fullmatch(f"{DATASET}/{collection}/[^/]+", name):
        raise AirflowException(
            f"{name!r} is no name of a store: write projects/P/locations/L/datasets/D/{collection}/STORE."
        )
    return name


def require_dataset(name: str) -> str:
    """The full name of a dataset, checked. Raises AirflowException."""
    if not re.fullmatch(DATASET, name):
        raise AirflowException(f"{name!r} is no name of a dataset: write projects/P/locations/L/datasets/DATASET.")
    return name


def metrics_method(store: str) -> str:
    """The API's method for the numbers of a store, by its full name. Raises AirflowException for a kind without."""
    collection = next((each for each in _METRICS if f"/{each}/" in store), "dicomStores")
    require_store(store, collection)
    return _METRICS[collection]
