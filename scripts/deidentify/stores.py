"""The stack's stores de-identified into their twins on the research side, whole or what is new since last time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.cohorts import filter_lines
from scripts.dicomweb import DicomWeb, value
from scripts.errors import CommandError, api_failure
from scripts.waiting import FailedFile, OperationState, failed_files, require_success, start, wait_for

if TYPE_CHECKING:
    from infra.outputs import ResearchOutputs
    from scripts.connection import Connection

Json = dict[str, Any]

LEDGER = "deidentify/done.json"
"""The object of the export bucket that says which studies have their twin: identified data, as all of that bucket."""
_FILTERS = "deidentify/filters"
_STUDY, _INSTANCES = "0020000D", "00201208"


@dataclass(frozen=True)
class Done:
    """An operation that has ended, and what failed in it."""

    state: OperationState
    failures: list[FailedFile]


def research_of(target: Connection) -> ResearchOutputs:
    """The stack's research side. Raises CommandError where it has none."""
    found = target.outputs.research
    if found is None:
        raise CommandError(
            f"Stack {target.outputs.stack} has no research side: set `pulumi config set healthcare-cloud-poc:research"
            " true`, then run `pulumi up`; or de-identify files with `deidentify files`."
        )
    return found


def deidentify_dicom(target: Connection, config: Json, filter_uri: str) -> Done:
    """De-identify the DICOM store, or of it what a filter file lists, into its twin; waits for the end."""
    body: Json = {"destinationStore": research_of(target).dicom_store_name, "config": config}
    if filter_uri:
        body["filterConfig"] = {"resourcePathsGcsUri": filter_uri}
    stores, name = _stores(target, config).dicomStores(), target.outputs.dicom_store_name
    return _run(target, stores.deidentify(sourceStore=name, body=body), "healthcare_dicom_store")


def deidentify_fhir(target: Connection, config: Json, store: str) -> Done:
    """De-identify a FHIR store into its twin; waits for the end. Raises CommandError for one without a twin."""
    twins = research_of(target).fhir_stores
    if store not in twins:
        raise CommandError(f"FHIR store {store} has no twin on the research side: stores of STU3 and R4 have.")
    body = {"destinationStore": twins[store], "config": config}
    name = target.outputs.fhir_stores[store].name
    request = _stores(target, config).fhirStores().deidentify(sourceStore=name, body=body)
    return _run(target, request, "healthcare_fhir_store")


def _stores(target: Connection, config: Json) -> Any:
    """The discovery client of the version that knows the config's fields."""
    newer = {"dicomTagConfig", "fhirFieldConfig", "operationMetadata"} & config.keys()
    return target.healthcare_beta if newer or "profileType" in config.get("text", {}) else target.healthcare


def _run(target: Connection, request: Any, log_resource: str) -> Done:
    state = wait_for(target, start(target, request, "De-identifying"), "De-identifying")
    require_success(target, state)
    return Done(state, failed_files(target, state, log_resource))


def write_filter(target: Connection, studies: Iterable[str]) -> str:
    """Write a filter file for these studies into the export bucket; gives its URI."""
    name = f"{_FILTERS}/{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{time.time_ns() % 10**9:09}.txt"
    bucket = target.storage.bucket(target.outputs.export_bucket)
    bucket.blob(name).upload_from_string(filter_lines(list(studies)), content_type="text/plain")
    return f"gs://{bucket.name}/{name}"


def studies_in(target: Connection) -> dict[str, int]:
    """The studies of the DICOM store, each with the number of its instances."""
    found = DicomWeb(target).search("/studies", [("includefield", _INSTANCES)], None)
    return {value(each, _STUDY): int(value(each, _INSTANCES) or 0) for each in found}


class Ledger:
    """Which studies have their twin, with how many instances, and by which recipe and key."""

    def __init__(self, target: Connection, made_by: str) -> None:
        """`made_by` tells recipe and key; a ledger of others counts for nothing."""
        self._blob = target.storage.bucket(target.outputs.export_bucket).blob(LEDGER)
        self._made_by = made_by

    def read(self) -> dict[str, int]:
        """Studies by UID with their instances; none where nothing was done yet, or by another recipe or key."""
        try:
            kept = json.loads(self._blob.download_as_bytes())
        except Exception as error:
            failure = api_failure(error)
            if failure is None or failure.code != 404:
                raise
            return {}
        studies: dict[str, int] = kept["studies"] if kept.get("made_by") == self._made_by else {}
        return studies

    def write(self, studies: Mapping[str, int]) -> None:
        """Keep what has its twin now."""
        kept = {"made_by": self._made_by, "studies": dict(sorted(studies.items()))}
        self._blob.upload_from_string(json.dumps(kept, indent=1), content_type="application/json")


def what_is_new(found: Mapping[str, int], done: Mapping[str, int]) -> list[str]:
    """The studies that have no twin, or had another number of instances when it was made."""
    return sorted(uid for uid, number in found.items() if done.get(uid) != number)
