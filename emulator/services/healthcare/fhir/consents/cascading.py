"""Log entries of patients and encounters that change under cascading policies (Cloud Healthcare: FHIR access control).

Google indexes the compartment anew and logs when that begins and ends. Here policies look at the patient or encounter
as it is at each access, so that both entries come with the change.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from emulator.fhir import parsing
from emulator.services.healthcare import agent
from emulator.services.healthcare.fhir import instants
from emulator.services.healthcare.fhir.consents import compartments, tables
from emulator.services.healthcare.fhir.consents.rules import BASES, Rule, Traits
from emulator.services.healthcare.fhir.keeping import Change
from emulator.services.healthcare.fhir.stored import Json, Store

if TYPE_CHECKING:
    from emulator.context import Context

_ENTRY = "FhirConsentCascadeLogEntry"
_LOG = "healthcare.googleapis.com%2Fconsent_cascading_fhir"


def note(context: "Context", tx: sqlite3.Connection, store: Store, changes: Sequence[Change]) -> None:
    """Log, in their transaction, the changes of what cascading policies cover, or covered before."""
    if not store.settings.get("consentConfig") or not any(each.after.type in BASES for each in changes):
        return
    rules = [rule for each in tables.of_owner(tx, store.key, tables.ADMIN) if (rule := each.rule) and rule.cascades]
    for change in changes:
        if _is_covered(rules, change):
            _log(context, tx, store, change)


def _is_covered(rules: Sequence[Rule], change: Change) -> bool:
    return change.after.type in BASES and any(rule.covers(traits) for traits in _traits(change) for rule in rules)


def _traits(change: Change) -> Iterator[Traits]:
    """What policies look at, as it is now and as it was before."""
    if change.resource:
        yield Traits.of(change.resource)
    if change.before is not None:
        yield Traits.of(parsing.parse(change.before.body, None))


def _log(context: "Context", tx: sqlite3.Connection, store: Store, change: Change) -> None:
    after = change.after
    said: dict[str, Any] = {
        "lastUpdated": instants.last_updated(after.at),
        "compartmentBaseResourceName": f"{store.name}/fhir/{after.relative}/_history/{after.version_id}",
    }
    _write(context, tx, store, {"state": "STATE_STARTED", **said})
    number = compartments.size(tx, store, after.relative)
    _write(context, tx, store, {"state": "STATE_FINISHED", "affectedResources": str(number), **said})


def _write(context: "Context", tx: sqlite3.Connection, store: Store, payload: Json) -> None:
    project = store.name.split("/")[1]
    entry = {**agent.note(store.name, _ENTRY, payload), "logName": f"projects/{project}/logs/{_LOG}"}
    context.logs.write_in(tx, entry)
