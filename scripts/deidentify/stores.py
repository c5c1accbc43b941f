"""The stack's stores de-identified into their twins on the research side, whole or what is new since last time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from scripts.errors import CommandError, api_failure
from scripts.fhir.changes import has_changed
from scripts.ledger import Ledger, studies_in, went_well, what_is_new, write_filter
from scripts.waiting import (
    DICOM_STORE,
    FailedFile,
    OperationState,
    failed_files,
    get_state,
    require_success,
    start,
    wait_for,
)

if TYPE_CHECKING:
    from infra.outputs import ResearchOutputs
    from scripts.connection import Connection

Json = dict[str, Any]

LEDGER = "deidentify/done.json"
"""The object of the export bucket that says which studies have their twin: identified data, as all of that bucket."""
PENDING = "deidentify/pending.json"
"""The object of the export bucket that says which operation was started and not seen to end, and for which studies."""
FHIR_LEDGER = "deidentify/fhir-{}.json"
"""The object of the export bucket that says when the last de-identification of a FHIR store began."""
FILTERS = "deidentify/filters"
"""The folder of the export bucket for the filter files of its operations."""


_TITLE = "De-identifying"
"""What progress calls it."""


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
    return _finish(target, _begin_dicom(target, config, filter_uri), DICOM_STORE)


def deidentify_new(target: Connection, config: Json) -> Iterator[Done]:
    """De-identify the studies that have no twin yet, or more instances than it, and note those that went well.

    The config must hold its key: with another one each time a study would get another twin each time. An operation that
    an earlier run has started and not seen to end is waited for first, so that nothing is done twice. Gives each
    operation at its end, none where nothing is new. Raises CommandError for a stack without a research side.
    """
    research_of(target)
    work = _Work(target, config)
    if left := work.left():
        yield work.end(left)
    if started := work.start():
        yield work.end(started)


class _Work:
    """De-identification of what is new, with what is done and what is under way in ledgers of the export bucket."""

    def __init__(self, target: Connection, config: Json) -> None:
        told, bucket = json.dumps(config, sort_keys=True).encode(), target.outputs.export_bucket
        made_by = hashlib.sha256(told).hexdigest()
        self._target, self._config = target, config
        self._done = Ledger(target, bucket, LEDGER, made_by)
        self._pending = Ledger(target, bucket, PENDING, made_by)

    def left(self) -> str:
        """The operation that an earlier run has left, if Google still knows it and it did not fail; "" for none."""
        name = str(self._pending.read().get("operation", ""))
        try:
            return "" if not name or get_state(self._target, name).error_code else name
        except Exception as error:
            failure = api_failure(error)
            if failure is None or failure.code != HTTPStatus.NOT_FOUND:
                raise
            return ""

    def start(self) -> str:
        """Start an operation on what is new; gives its name, "" where nothing is."""
        found = studies_in(self._target)
        wanted = what_is_new(found, self._done.read())
        if not wanted:
            return ""
        uri = write_filter(self._target, wanted, self._target.outputs.export_bucket, FILTERS)
        name = _begin_dicom(self._target, self._config, uri)
        self._pending.write({"operation": name, "studies": {uid: found[uid] for uid in wanted}})
        return name

    def end(self, name: str) -> Done:
        """Wait for the end of an operation, and note the studies that went well."""
        made = _finish(self._target, name, DICOM_STORE)
        studies: dict[str, int] = self._pending.read().get("studies", {})
        if well := went_well(studies, made.state, made.failures):
            self._done.write({**self._done.read(), **{uid: studies[uid] for uid in well}})
        self._pending.write({})
        return made


def _begin_dicom(target: Connection, config: Json, filter_uri: str) -> str:
    body: Json = {"destinationStore": research_of(target).dicom_store_name, "config": config}
    if filter_uri:
        body["filterConfig"] = {"resourcePathsGcsUri": filter_uri}
    stores, name = _stores(target, config).dicomStores(), target.outputs.dicom_store_name
    return start(target, stores.deidentify(sourceStore=name, body=body), _TITLE)


def deidentify_fhir(target: Connection, config: Json, store: str) -> Done:
    """De-identify a FHIR store into its twin; waits for the end. Raises CommandError for one without a twin."""
    twins = research_of(target).fhir_stores
    if store not in twins:
        raise CommandError(f"FHIR store {store} has no twin on the research side: stores of STU3 and R4 have.")
    body = {"destinationStore": twins[store], "config": config}
    name = target.outputs.fhir_stores[store].name
    request = _stores(target, config).fhirStores().deidentify(sourceStore=name, body=body)
    return _finish(target, start(target, request, _TITLE), "healthcare_fhir_store")


def deidentify_changed(target: Connection, config: Json, store: str) -> Done | None:
    """De-identify a FHIR store into its twin if it has changed since that was done last; None if it has not.

    The config must hold its key, so that a resource gets the same twin each time. One that an earlier run has started
    and not seen to end is made again. Raises as `deidentify_fhir`.
    """
    told = json.dumps(config, sort_keys=True).encode()
    name = FHIR_LEDGER.format(store)
    ledger = Ledger(target, target.outputs.export_bucket, name, hashlib.sha256(told).hexdigest())
    if not has_changed(target, target.outputs.fhir_stores[store], ledger.read().get("since", "")):
        return None
    done = deidentify_fhir(target, config, store)
    if not done.state.failure:
        ledger.write({"since": done.state.created})
    return done


def _stores(target: Connection, config: Json) -> Any:
    """The discovery client of the version that knows the config's fields."""
    newer = {"dicomTagConfig", "fhirFieldConfig", "operationMetadata"} & config.keys()
    return target.healthcare_beta if newer or "profileType" in config.get("text", {}) else target.healthcare


def _finish(target: Connection, name: str, log_resource: str) -> Done:
    """Wait for the end of an operation. Raises CommandError where it failed as a whole."""
    state = wait_for(target, name, _TITLE)
    require_success(target, state)
    return Done(state, failed_files(target, state, log_resource))
