"""Consents as they are enforced: what the last applyConsents or applyAdminConsents found them to be."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from emulator.services.healthcare.fhir.consents.rules import Rule, decoded
from emulator.services.healthcare.fhir.stored import Json, Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS fhir_consents(
    store INTEGER NOT NULL, owner TEXT NOT NULL, id TEXT NOT NULL, rid INTEGER NOT NULL, applied INTEGER NOT NULL,
    status TEXT NOT NULL, problem TEXT NOT NULL, rule BLOB NOT NULL, PRIMARY KEY(store, owner, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_consents_id ON fhir_consents(store, id);
"""
"""`owner` is Patient/id, "" of an admin policy; `rid` the version that was read; `applied` microseconds since 1970."""
ADMIN = ""
OFF, ENFORCEABLE, INACTIVE, UNSUPPORTED = "OFF", "ENFORCEABLE", "INACTIVE", "UNSUPPORTED"
EXCEEDED = "ENFORCEMENT_LIMIT_EXCEEDED"
"""consent-enforcement-status (Cloud Healthcare: Consent Enforcement Status)."""
MOST = 200
"""Consents of a patient, and admin policies of a store, that are enforced at a time (Cloud Healthcare)."""


@dataclass(frozen=True, slots=True)
class Enforced:
    """A Consent as it was applied; `rule` is b"" unless it is enforced."""

    owner: str
    id: str
    rid: int
    applied: int
    status: str
    problem: str = ""
    encoded: bytes = b""

    @property
    def rule(self) -> Rule | None:
        """What it permits or denies; None where it is not enforced."""
        return _rule(self.encoded) if self.encoded else None


_rule = lru_cache(maxsize=4096)(decoded)
_SELECT = "SELECT owner, id, rid, applied, status, problem, rule FROM fhir_consents WHERE store = ?"


def of_owner(connection: sqlite3.Connection, store: int, owner: str) -> list[Enforced]:
    """The consents of a patient, Patient/id, or the admin policies, by id."""
    return [Enforced(*row) for row in connection.execute(f"{_SELECT} AND owner = ? ORDER BY id", (store, owner))]


def of_id(connection: sqlite3.Connection, store: int, identifier: str) -> Enforced | None:
    """The Consent of that id as it was applied last; None where it never was."""
    row = connection.execute(f"{_SELECT} AND id = ? ORDER BY applied DESC LIMIT 1", (store, identifier)).fetchone()
    return None if row is None else Enforced(*row)


def replace(tx: sqlite3.Connection, store: int, owner: str, found: Iterable[Enforced]) -> None:
    """Enforce these consents of an owner and no others."""
    tx.execute("DELETE FROM fhir_consents WHERE store = ? AND owner = ?", (store, owner))
    rows = [(store, owner, e.id, e.rid, e.applied, e.status, e.problem, e.encoded) for e in found]
    tx.executemany("INSERT INTO fhir_consents VALUES(?,?,?,?,?,?,?,?)", rows)


def owners(connection: sqlite3.Connection, store: Store) -> Iterator[str]:
    """The patients, Patient/id, who have given consents or whose consents are enforced, each once, in order."""
    parameter = store.parameters.by_type["Consent"]["patient"]
    rows = connection.execute(
        "SELECT target FROM fhir_index_targets WHERE store = ? AND parameter = ? AND target > 'Patient/'"
        " AND target < 'Patient0' UNION SELECT owner FROM fhir_consents WHERE store = ? AND owner <> '' ORDER BY 1",
        (store.key, parameter.key, store.key),
    ).fetchall()
    return (row[0] for row in rows)


def patched(tx: sqlite3.Connection, store: str, settings: Json) -> None:
    """Forget all that was applied in a store, by its name, whose settings have no consentConfig any more."""
    if not settings.get("consentConfig"):
        tx.execute("DELETE FROM fhir_consents WHERE store = (SELECT key FROM fhir_stores WHERE name = ?)", (store,))
