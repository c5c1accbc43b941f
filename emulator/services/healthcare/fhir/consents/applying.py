"""applyConsents: read the Consents of patients and enforce them, patient by patient."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.context import Job
from emulator.errors import failed_precondition, invalid_argument
from emulator.fhir import parsing
from emulator.fhir.search.tables import first_rid
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import instants, stored
from emulator.services.healthcare.fhir.consents import compartments, reading, tables
from emulator.services.healthcare.fhir.consents.tables import Enforced
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.transfer.selection import store_of
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import steps
from emulator.services.healthcare.transfer.steps import Problem
from emulator.state import data_keys

if TYPE_CHECKING:
    from emulator.context import Context

KIND = "healthcare.fhir.applyConsents"
LOG_ENTRY = "ApplyConsentsLogEntry"
MOST_PATIENTS = 10_000
_BATCH = 50


@SERVICE.handles(f"{METHODS}.fhirStores.applyConsents")
async def apply(request: Request) -> Answer:
    """Start to enforce the Consents of the patients in scope; 400 for a store or scope that this can't be done for."""
    settings = require_enforceable(request)
    payload = _options(request, settings, request.body or {})
    return operations.started(
        await operations.start(request, KIND, request.name, "fhir.FhirStoreService.ApplyConsents", payload)
    )


def require_enforceable(request: Request) -> Json:
    """The settings of the store that a request names; 404 where it is not there, 400 where it enforces no consents."""
    settings = request.context.resources.require(stored.KIND, request.name).body
    if settings["version"] == "R5":
        raise invalid_argument("FHIR Consent is not supported in R5.")
    if not settings.get("consentConfig"):
        raise failed_precondition("consentConfig of the FHIR store is not set: set its version to V1 first.")
    return settings


def _options(request: Request, settings: Json, body: Json) -> Json:
    asked = int(request.context.clock.seconds() * 1_000_000)
    options: Json = {"validateOnly": bool(body.get("validateOnly")), "asked": asked}
    patients = (body.get("patientScope") or {}).get("patientIds") or []
    if len(patients) > MOST_PATIENTS:
        raise invalid_argument(
            f"patientScope.patientIds has {len(patients)} entries; at most {MOST_PATIENTS} are taken."
        )
    if patients:
        options["patients"] = sorted({f"Patient/{each.removeprefix('Patient/')}" for each in patients})
    if span := body.get("timeRange"):
        if settings.get("disableResourceVersioning"):
            raise invalid_argument("timeRange can't be used with a FHIR store that keeps no versions.")
        options["since"], options["until"] = _instant(span, "start", 0), _instant(span, "end", asked)
    return options


def _instant(span: Json, name: str, otherwise: int) -> int:
    text = span.get(name)
    found = instants.of_instant(str(text)) if text else otherwise
    if found is None:
        raise invalid_argument(f"Invalid timeRange.{name}: it must be a time with seconds and a zone.")
    return found


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Enforce the Consents of one patient after the other; the checkpoint is the last of them."""
    store = store_of(job)
    owners = await asyncio.to_thread(_owners, job.context, store, job.payload)
    left = [owner for owner in owners if owner > job.checkpoint.get("owner", "")]
    for start in range(0, len(left), _BATCH):
        job.check_cancelled()
        await steps.commit(job, _apply, store, left[start : start + _BATCH])
    return response(job, "fhir.ApplyConsentsResponse")


def response(job: Job, message: str) -> Json:
    """The response of a finished operation, from its counters."""
    named = {
        "consentApplySuccess": "success",
        "consentApplyFailure": "failure",
        "affectedResources": "secondarySuccess",
    }
    counts = {name: str(job.counter[counter]) for name, counter in named.items() if job.counter.get(counter)}
    return {**operations.response(job, message), **counts}


def _owners(context: "Context", store: Store, payload: Json) -> Sequence[str]:
    """The patients in scope, Patient/id, in order."""
    reader = context.db.reader
    owners = payload.get("patients") or list(tables.owners(reader, store))
    if "until" not in payload:
        return owners
    latest = _latest_changes(reader, store, payload["since"], payload["asked"])
    return [each for each in owners if each in latest and latest[each] < first_rid(payload["until"] + 1)]


def _latest_changes(reader: sqlite3.Connection, store: Store, since: int, asked: int) -> dict[str, int]:
    """The rid of the last change of a Consent of each patient, of changes between two times."""
    latest: dict[str, int] = {}
    rows = reader.execute(
        "SELECT v.rid, CASE v.method WHEN 'DELETE' THEN (SELECT p.body FROM fhir_versions p WHERE p.store = v.store"
        " AND p.type = v.type AND p.id = v.id AND p.rid < v.rid AND p.method <> 'DELETE' ORDER BY p.rid DESC LIMIT 1)"
        " ELSE v.body END FROM fhir_versions v WHERE v.store = ? AND v.type = 'Consent' AND v.rid >= ? AND v.rid < ?"
        " ORDER BY v.rid",
        (store.key, first_rid(since), first_rid(asked + 1)),
    )
    for rid, body in rows:
        resource = parsing.parse(data_keys.text_read(store.keys, body), None) if body else {}
        for owner in compartments.patients(store, resource) if resource else ():
            latest[owner] = rid
    return latest


def _apply(tx: sqlite3.Connection, job: Job, store: Store, owners: Sequence[str]) -> None:
    """Enforce the Consents of some patients, count them, log what is unsupported, and move the checkpoint."""
    at = int(job.context.clock.seconds() * 1_000_000)
    for owner in owners:
        given = reading.given_by(tx, store, owner)
        found = reading.of_patient(store, owner, given, at)
        failed = [each for each in found if each.problem]
        job.count("success", len(found) - len(failed))
        job.count("failure", len(failed))
        log_failures(tx, job, failed)
        if not job.payload["validateOnly"]:
            if _differ(tables.of_owner(tx, store.key, owner), found):
                job.count("secondarySuccess", compartments.size(tx, store, owner))
            tables.replace(tx, store.key, owner, found)
    job.checkpoint = {"owner": owners[-1]}
    job.save_in(tx)


def log_failures(tx: sqlite3.Connection, job: Job, failed: Sequence[Enforced]) -> None:
    """Log the Consents of an operation that can't be enforced."""
    store = job.payload["store"]
    named = [(f"{store}/fhir/Consent/{each.id}", Problem(3, each.problem)) for each in failed]
    steps.log_failures(tx, job, LOG_ENTRY, named)


def _differ(old: Sequence[Enforced], new: Sequence[Enforced]) -> bool:
    return {(each.id, each.encoded) for each in old if each.encoded} != {
        (each.id, each.encoded) for each in new if each.encoded
    }
