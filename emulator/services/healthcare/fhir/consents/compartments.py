"""Whose a resource is: the patients and encounters that it belongs to (FHIR: Patient and Encounter compartment)."""

import sqlite3
from collections.abc import Callable, Iterable
from functools import lru_cache, partial

import orjson

from emulator.fhir.references import target
from emulator.fhir.search.index import references
from emulator.fhir.search.parameters import Parameter, Parameters, parameters
from emulator.services.healthcare.fhir.stored import Json, Store

ENCOUNTER_CODES = ("encounter", "context", "related-ref")
"""Parameters by which a resource belongs to an encounter, where they may point at one."""


def local_to(store: Store) -> Callable[[str], str]:
    """What gives a reference's text as the index has it: Type/id of a resource of the store, else the text."""
    return partial(target, store=store.name)


def patients(store: Store, resource: Json) -> tuple[str, ...]:
    """Patient/id of all patients that a resource belongs to; a patient belongs to itself and those it is linked to."""
    return _owners(store, resource, "Patient", _by_patient(store.version).get(resource["resourceType"], ()))


def encounters(store: Store, resource: Json) -> tuple[str, ...]:
    """Encounter/id of all encounters that a resource belongs to; an encounter belongs to itself."""
    return _owners(store, resource, "Encounter", _by_encounter(store.version).get(resource["resourceType"], ()))


def belongs(store: Store, resource_type: str) -> bool:
    """Whether resources of a type may belong to a patient or an encounter."""
    return (
        resource_type in ("Patient", "Encounter")
        or resource_type in _by_patient(store.version)
        or resource_type in _by_encounter(store.version)
    )


def patient_keys(store: Store) -> list[int]:
    """The numbers of the parameters by which resources belong to patients."""
    return [each.key for found in _by_patient(store.version).values() for each in found]


def encounter_keys(store: Store) -> list[int]:
    """The numbers of the parameters by which resources belong to encounters."""
    return [each.key for found in _by_encounter(store.version).values() for each in found]


def size(connection: sqlite3.Connection, store: Store, owner: str) -> int:
    """How many resources belong to a patient or an encounter, Type/id, itself among them."""
    kind, _, identifier = owner.partition("/")
    keys = patient_keys(store) if kind == "Patient" else encounter_keys(store)
    found: int = connection.execute(
        "SELECT count(*) FROM (SELECT rid FROM fhir_index_targets WHERE store = ? AND target = ?"
        " AND parameter IN (SELECT value FROM json_each(?))"
        " UNION SELECT rid FROM fhir_index_resources WHERE store = ? AND type = ? AND id = ?)",
        (store.key, owner, orjson.dumps(keys).decode(), store.key, kind, identifier),
    ).fetchone()[0]
    return found


def _owners(store: Store, resource: Json, kind: str, by: Iterable[Parameter]) -> tuple[str, ...]:
    found = [f"{kind}/{resource['id']}"] if resource["resourceType"] == kind else []
    for each in by:
        found += [target for (target,) in references(each.path(resource), local_to(store))]
    return tuple(dict.fromkeys(target for target in found if target.startswith(f"{kind}/")))


@lru_cache(maxsize=8)
def _by_patient(version: str) -> dict[str, tuple[Parameter, ...]]:
    known = parameters(version)
    return {name: _references(known, name, codes) for name, codes in known.patient_compartment.items()}


@lru_cache(maxsize=8)
def _by_encounter(version: str) -> dict[str, tuple[Parameter, ...]]:
    known = parameters(version)
    found = {name: _references(known, name, ENCOUNTER_CODES) for name in known.types}
    pointing = {
        name: tuple(each for each in listed if not each.targets or "Encounter" in each.targets)
        for name, listed in found.items()
    }
    return {name: listed for name, listed in pointing.items() if listed}


def _references(known: Parameters, resource_type: str, codes: Iterable[str]) -> tuple[Parameter, ...]:
    found = (known.find(resource_type, code) for code in codes)
    return tuple(each for each in found if each is not None and each.type == "reference")
