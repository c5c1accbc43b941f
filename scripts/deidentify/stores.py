"""The stack's stores de-identified into their twins on the research side, whole or what is new since last time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.errors import CommandError
from scripts.waiting import FailedFile, OperationState, failed_files, require_success, start, wait_for

if TYPE_CHECKING:
    from infra.outputs import ResearchOutputs
    from scripts.connection import Connection

Json = dict[str, Any]

LEDGER = "deidentify/done.json"
"""The object of the export bucket that says which studies have their twin: identified data, as all of that bucket."""
FILTERS = "deidentify/filters"
"""The folder of the export bucket for the filter files of its operations."""


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
