"""operationMetadata.fhirOutput of v1beta1: what a run did to DICOM, as Provenance resources of a FHIR store.

One resource tells of the operation, and one of each instance that was stored (Cloud Healthcare: write de-identify
operation metadata to a FHIR store). Google's tables of their fields could not be read: the fields are ours.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.deidentify.settings import Settings
from emulator.deidentify.text.findings import FindingKind
from emulator.errors import failed_precondition, not_found
from emulator.services.healthcare import agent, changes, keys, operations
from emulator.services.healthcare.deidentify import findings
from emulator.services.healthcare.fhir import instants, keeping, stored
from emulator.services.healthcare.fhir.rest.interactions import UPDATE
from emulator.services.healthcare.fhir.store import FHIR

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
EXTENSIONS = "urn:healthcare-cloud-poc:deidentify"
"""What the URLs of our extensions begin with."""
_ACTIVITY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "code": "deidentify"}]}
_ROLES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_UIDS = "urn:dicom:uid"
"""The system of a DICOM UID as an identifier (FHIR R4: ImagingStudy)."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An instance, as a path below dicomWeb, what it became, and what was found in it."""

    old: str
    new: str
    found: Counter[FindingKind]


def check(context: "Context", source: str, settings: Settings) -> None:
    """Raise unless the store that is to be told is there, of R4, lets ids be chosen, and takes from the service agent.

    404, FAILED_PRECONDITION, or PERMISSION_DENIED in Google's words. `source` is the name of what is de-identified.
    """
    if settings.metadata is None:
        return
    name = settings.metadata.store
    found = context.resources.get(FHIR.resource, name)
    if found is None:
        raise not_found(f"Resource not found: {name}.")
    if found.body["version"] != "R4":
        raise failed_precondition(
            f"The FHIR store {name} for metadata must be of R4, and is of {found.body['version']}."
        )
    if not found.body.get("enableUpdateCreate"):
        raise failed_precondition(f"The FHIR store {name} for metadata must have enableUpdateCreate set to true.")
    agent.require(context, source, (UPDATE,), name, "FHIR store")
    keys.require_open(context, name)


def tell_of_instances(
    tx: sqlite3.Connection, job: Job, settings: Settings, source: str, target: str, deeds: Iterable[Deed]
) -> None:
    """Write one Provenance for each instance of a DICOM store that has a twin in another one, in the same write."""
    if settings.metadata is not None:
        made = (_of_instance(job, source, target, each) for each in deeds)
        _put(tx, job, settings.metadata.store, made)


def tell_of_operation(
    tx: sqlite3.Connection, job: Job, settings: Settings, pairs: Sequence[tuple[str, str]], *, ended: bool
) -> None:
    """Write the Provenance of the operation, before the first instance and again at its end.

    `pairs` are the DICOM stores and the stores that were made of them; without any nothing is written.
    """
    if settings.metadata is not None and pairs:
        resource = _of_operation(job, settings.metadata.config, pairs, ended=ended)
        _put(tx, job, settings.metadata.store, [resource])


def _put(tx: sqlite3.Connection, job: Job, name: str, resources: Iterable[Json]) -> None:
    """Make resources the current versions in a store, and tell who is to be told of its changes."""
    store = stored.opened_in(job.context, tx, name)
    at, number = _now(job), operations.number(job.operation)
    made = [keeping.made_ready(store, each, any_reference=True) for each in resources]
    done = [keeping.put(job.context, tx, store, each, "PUT", at, operation=number) for each in made]
    changes.announce(job.context, tx, store.resource, done)


def _of_instance(job: Job, source: str, target: str, deed: Deed) -> Json:
    """The Provenance of one instance; its id follows from the operation and the instance's name."""
    old, new = f"{source}/dicomWeb/{deed.old}", f"{target}/dicomWeb/{deed.new}"
    derived = {"role": "derivation", "what": _instance(old)}
    return {
        **_common(job, f"{operations.number(job.operation)}-{hashlib.sha256(old.encode()).hexdigest()[:40]}"),
        "target": [_instance(new)],
        "occurredDateTime": instants.last_updated(_now(job)),
        "entity": [derived, {"role": "source", "what": {"reference": f"Provenance/{_id(job)}"}}],
        **_extensions(_finding(*kind, count) for kind, count in sorted(deed.found.items())),
    }


def _of_operation(job: Job, config: str, pairs: Sequence[tuple[str, str]], *, ended: bool) -> Json:
    """The Provenance of an operation: its name, when it ran, which stores, which config, and how many instances."""
    period = {"start": job.operation.created} | ({"end": instants.last_updated(_now(job))} if ended else {})
    told = [_text("operation", job.operation.name), _text("config", config)]
    counts = [_number(name, job.counter.get(name, 0)) for name in ("success", "failure")] if ended else []
    resource = {
        **_common(job, _id(job)),
        "target": [{"display": target} for _, target in pairs],
        "occurredPeriod": period,
        "entity": [{"role": "derivation", "what": {"display": source}} for source, _ in pairs],
        **_extensions([*told, *counts]),
    }
    uri = job.payload.get("gcsConfigUri")
    return {**resource, "policy": [uri]} if uri else resource


def _common(job: Job, identifier: str) -> Json:
    """What all of them say: who did it, at whose request, and that it was a de-identification."""
    agents = (("performer", agent.principal(job.context, job.operation.name)), ("author", job.operation.principal))
    return {
        "resourceType": "Provenance",
        "id": identifier,
        "recorded": instants.last_updated(_now(job)),
        "activity": _ACTIVITY,
        "agent": [
            {"type": {"coding": [{"system": _ROLES, "code": role}]}, "who": {"display": who}} for role, who in agents
        ],
    }


def _instance(name: str) -> Json:
    """A reference to an instance: its SOPInstanceUID as FHIR writes one, and its name."""
    uid = f"urn:oid:{name.rpartition('/')[2]}"
    return {"identifier": {"system": _UIDS, "value": uid}, "display": name}


def _finding(origin: str, info_type: str, score: float, count: int) -> Json:
    """A kind of finding as an extension: what a log entry says of it."""
    said = findings.row(origin, info_type, score, count)
    parts = [{"url": name, "valueString": str(value)} for name, value in said.items() if name != "count"]
    return {"url": f"{EXTENSIONS}:finding", "extension": [*parts, {"url": "count", "valueInteger": count}]}


def _text(name: str, value: str) -> Json:
    return {"url": f"{EXTENSIONS}:{name}", "valueString": value}


def _number(name: str, value: int) -> Json:
    return {"url": f"{EXTENSIONS}:{name}", "valueInteger": value}


def _extensions(given: Iterable[Json]) -> Json:
    listed = list(given)
    return {"extension": listed} if listed else {}


def _id(job: Job) -> str:
    """The id of the operation's Provenance: its number."""
    return operations.number(job.operation)


def _now(job: Job) -> int:
    """Microseconds since 1970."""
    return int(job.context.clock.seconds() * 1_000_000)
