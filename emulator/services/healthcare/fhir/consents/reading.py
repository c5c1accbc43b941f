"""Consent resources as they are to be enforced: their status, and the rule of those that can be."""

import sqlite3
from collections.abc import Iterable

from emulator.fhir import parsing
from emulator.services.healthcare.fhir import versions
from emulator.services.healthcare.fhir.consents import compartments, rules, tables
from emulator.services.healthcare.fhir.consents.rules import UnsupportedError
from emulator.services.healthcare.fhir.consents.tables import Enforced
from emulator.services.healthcare.fhir.stored import Json, Store, Version


def given_by(connection: sqlite3.Connection, store: Store, patient: str) -> list[Version]:
    """The Consents of a patient, Patient/id, that are there now, admin policies left out."""
    parameter = store.parameters.by_type["Consent"]["patient"]
    rows = connection.execute(
        "SELECT DISTINCT rid FROM fhir_index_targets WHERE store = ? AND target = ? AND parameter = ?",
        (store.key, patient, parameter.key),
    )
    found = versions.by_rid(connection, store, [row[0] for row in rows])
    return [each for each in found if not rules.is_admin(parsing.parse(each.body, None))]


def of_patient(store: Store, patient: str, given: Iterable[Version], at: int) -> list[Enforced]:
    """A patient's Consents as they are enforced from a time on, in microseconds since 1970.

    Of more than may be enforced, those that deny are, then the newest.
    """
    found = [read(store, each, patient, at) for each in given]
    rank = sorted(
        (each for each in found if each.rule is not None),
        key=lambda each: (each.rule is not None and not each.rule.denies, -each.rid),
    )
    beyond = {each.id for each in rank[tables.MOST :]}
    problem = f"more than {tables.MOST} Consent resources of the patient are active"
    return [Enforced(patient, e.id, e.rid, at, tables.EXCEEDED, problem) if e.id in beyond else e for e in found]


def read(store: Store, version: Version, owner: str, at: int) -> Enforced:
    """A Consent as it is enforced, if nothing else stands against it; `owner` is "" for an admin policy."""
    consent: Json = parsing.parse(version.body, None)
    if consent.get("status") != "active":
        return Enforced(owner, version.id, version.rid, at, tables.INACTIVE)
    try:
        rule = rules.read(consent, store.version, compartments.local_to(store))
    except UnsupportedError as problem:
        return Enforced(owner, version.id, version.rid, at, tables.UNSUPPORTED, str(problem))
    return Enforced(owner, version.id, version.rid, at, tables.ENFORCEABLE, encoded=rule.encoded())
