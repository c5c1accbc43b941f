"""An export of a store, whatever its kind: what is asked of Google, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.waiting import DICOM_STORE, FailedFile, OperationState, failed_files, start, wait_for

if TYPE_CHECKING:
    from scripts.connection import Connection

Json = dict[str, Any]

FOLDER = ".export"
"""The folder of a bucket for manifests, filters, and what was exported last: beside what imports' wildcards find."""


@dataclass(frozen=True)
class Kind:
    """A kind of store: its collection in Google's API, what is counted, and what Cloud Logging calls such a store."""

    collection: str
    noun: str
    log_resource: str


DICOM = Kind("dicomStores", "instance", DICOM_STORE)
FHIR = Kind("fhirStores", "resource", "healthcare_fhir_store")
HL7V2 = Kind("hl7V2Stores", "message", "healthcare_hl7v2_store")


@dataclass(frozen=True)
class Export:
    """A store, the place it is exported to (a URI, or the name of a topic), and the body of the request."""

    kind: Kind
    store: str
    to: str
    body: Json

    @property
    def title(self) -> str:
        """What progress calls it."""
        return f"Exporting to {self.to}"


@dataclass(frozen=True)
class Exported:
    """What came of an export."""

    state: OperationState
    failures: list[FailedFile]


def begin(target: Connection, export: Export) -> str:
    """Start an export; gives the operation's name."""
    stores = getattr(target.healthcare, export.kind.collection)()
    return start(target, stores.export(name=export.store, body=export.body), export.title)


def finish(target: Connection, export: Export, name: str) -> Exported:
    """Wait for the end of an export."""
    state = wait_for(target, name, export.title)
    return Exported(state, failed_files(target, state, export.kind.log_resource))


def bucket_and_prefix(uri: str) -> tuple[str, str] | None:
    """The bucket of a gs:// URI and how the names of objects below it begin; None for another place."""
    found = re.fullmatch(r"gs://([^/]+)(?:/(.*))?", uri, re.DOTALL)
    if found is None:
        return None
    prefix = (found[2] or "").strip("/")
    return found[1], f"{prefix}/" if prefix else ""
