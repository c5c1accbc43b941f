"""The configuration of further DICOM stores: the key `dicomStores`, a map of store names to each store's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.store_options import StoreKey, StoreOptions, given

_OF_EVERY_STACK = "dicom"


@dataclass(frozen=True)
class DicomStoreSettings:
    """One DICOM store beside the one that every stack has."""

    name: str
    notify: bool = True
    """Whether the DICOM topic is told of each instance."""
    notify_on_bulk_import: bool = True
    """Whether it is told of instances of a bulk import, too."""
    stream_to_bigquery: bool = False
    """Whether each instance's metadata is written to a table of the store's own."""


def _contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings that exclude each other."""
    if "notifyOnBulkImport" in settings and "notify" in settings and not given(settings, "notify"):
        yield "notifyOnBulkImport has no effect where notify is false: leave one of them out."


DICOM_STORES = StoreOptions(
    "a DICOM store",
    "notify: true",
    DicomStoreSettings,
    (
        StoreKey("notify", "notify", "Whether each instance is told to the topic `imaging-E-dicom`, by name."),
        StoreKey(
            "notifyOnBulkImport",
            "notify_on_bulk_import",
            "Whether each instance of a bulk import is told, too.",
        ),
        StoreKey(
            "streamToBigQuery",
            "stream_to_bigquery",
            "Whether each instance's metadata is written to the table `dicom_stream_STORE` as it is stored.",
        ),
    ),
    _contradictions,
    (_OF_EVERY_STACK,),
)
"""The key `dicomStores`; the store `dicom`, which every stack has, is set by keys of the stack."""
