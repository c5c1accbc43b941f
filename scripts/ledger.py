"""What an operation has done already, kept in a bucket, so that the next run does what is new."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from scripts.cohorts import filter_lines
from scripts.dicomweb import DicomWeb, value
from scripts.errors import api_failure

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.waiting import FailedFile, OperationState

_STUDY, _INSTANCES = "0020000D", "00201208"


class Ledger:
    """An object of a bucket that says what is done, and what did it."""

    def __init__(self, target: Connection, bucket: str, name: str, made_by: str) -> None:
        """`made_by` tells all that the result depends on; a ledger of others counts for nothing."""
        self._blob = target.storage.bucket(bucket).blob(name)
        self._made_by = made_by

    def read(self) -> dict[str, Any]:
        """What is done; nothing where it was never written, or by something else."""
        try:
            kept = json.loads(self._blob.download_as_bytes())
        except Exception as error:
            failure = api_failure(error)
            if failure is None or failure.code != 404:
                raise
            return {}
        done: dict[str, Any] = kept.get("done", {}) if kept.get("made_by") == self._made_by else {}
        return done

    def write(self, done: Mapping[str, Any]) -> None:
        """Keep what is done now."""
        kept = {"made_by": self._made_by, "done": dict(sorted(done.items()))}
        self._blob.upload_from_string(json.dumps(kept, indent=1), content_type="application/json")


def studies_in(target: Connection) -> dict[str, int]:
    """The studies of the DICOM store, each with the number of its instances."""
    found = DicomWeb(target).search("/studies", [("includefield", _INSTANCES)], None)
    return {value(each, _STUDY): int(value(each, _INSTANCES) or 0) for each in found}


def what_is_new(found: Mapping[str, int], done: Mapping[str, int]) -> list[str]:
    """The studies that are not done, or had another number of instances when they were."""
    return sorted(uid for uid, number in found.items() if done.get(uid) != number)


def went_well(studies: Iterable[str], state: OperationState, failures: list[FailedFile]) -> list[str]:
    """Those of the studies of an operation in which nothing failed; none where not every failure is named."""
    if state.failure > len(failures):
        return []
    return [uid for uid in studies if not any(uid in each.source for each in failures)]


def write_filter(target: Connection, studies: Iterable[str], bucket: str, folder: str) -> str:
    """Write a filter file for these studies into a folder of a bucket, where the store's agent may read; its URI."""
    name = f"{folder}/{stamp()}.txt"
    blob = target.storage.bucket(bucket).blob(name)
    blob.upload_from_string(filter_lines(list(studies)), content_type="text/plain")
    return f"gs://{bucket}/{name}"


def stamp() -> str:
    """A name for now, in UTC, that sorts by time and that no other run has."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{time.time_ns() % 10**9:09}"
