"""The studies whose patients agreed to a use: what queryAccessibleData writes, read back from its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scripts.consent.studies import studies_among
from scripts.console import remark
from scripts.waiting import FailedFile, OperationState, failed_files, require_success, start, wait_for

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.consent.service import ConsentStore

_LOGGED_AS = "healthcare_consent_store"
_TITLE = "Asking the consents"


def permitted_studies(target: Connection, store: ConsentStore, request: Mapping[str, str]) -> tuple[str, list[str]]:
    """The operation's id, and the UIDs of the DICOM store's studies that may be used for a request.

    Consents that depend on what the request does not say permit nothing; how many there are is told. Raises
    CommandError where Google could not do it.
    """
    folder = f"gs://{target.outputs.export_bucket}/consent-queries"
    name = start(target, store.query(request, folder), _TITLE)
    state = wait_for(target, name, _TITLE)
    require_success(target, state)
    _tell(failed_files(target, state, _LOGGED_AS))
    return state.operation_id, studies_among(target, _lines(target, state))


def _lines(target: Connection, state: OperationState) -> list[str]:
    """The lines of the files that an operation has written."""
    found: list[str] = []
    for uri in state.uris:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        found += target.storage.bucket(bucket).blob(name).download_as_bytes().decode().split("\n")
    return found


def _tell(failures: list[FailedFile]) -> None:
    if failures:
        named = ", ".join(sorted({each.source.rpartition("/")[2] for each in failures}))
        remark(f"These consents depend on what was not said, and permit nothing (name it with --request): {named}")
