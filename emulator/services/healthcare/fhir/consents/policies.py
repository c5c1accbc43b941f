"""The consents of a store that bear on its resources, read when they are first needed."""

import sqlite3
from collections.abc import Iterable

from emulator.fhir import parsing
from emulator.services.healthcare.fhir import versions
from emulator.services.healthcare.fhir.consents import compartments, tables
from emulator.services.healthcare.fhir.consents.rules import Rule, Traits
from emulator.services.healthcare.fhir.consents.scopes import Scope
from emulator.services.healthcare.fhir.consents.tables import Enforced
from emulator.services.healthcare.fhir.consents.weighing import Bearing
from emulator.services.healthcare.fhir.stored import Json, Store

Ruled = tuple[Enforced, Rule]


class Policies:
    """What is enforced in a store, for one request: it keeps what it has read.

    Rules that are not about its scope are left out; without a scope, none is.
    """

    def __init__(self, connection: sqlite3.Connection, store: Store, scope: Scope | None = None) -> None:
        self._connection = connection
        self._store = store
        self._scope = scope
        self._ruled: dict[str, list[Ruled]] = {}
        self._cascades: dict[str, list[Bearing]] = {}

    def of(self, owner: str) -> list[Ruled]:
        """The consents of a patient, Patient/id, that are enforced; of "", the admin policies."""
        if owner not in self._ruled:
            found = tables.of_owner(self._connection, self._store.key, owner)
            ruled = [(each, rule) for each in found if (rule := each.rule) is not None]
            self._ruled[owner] = [each for each in ruled if self._scope is None or each[1].concerns(self._scope)]
        return self._ruled[owner]

    def suppose(self, policies: Iterable[Enforced]) -> None:
        """Take these for the admin policies, instead of those that are enforced."""
        self._ruled[tables.ADMIN] = [(each, each.rule) for each in policies if each.rule is not None]

    def bearings(self, resource: Json, patients: tuple[str, ...], *, own: bool = True) -> list[Bearing]:
        """All that bears on a resource of these patients; only admin policies without their `own` consents."""
        traits = Traits.of(resource)
        found = [
            Bearing(each, rule) for each, rule in self.of(tables.ADMIN) if not rule.cascades and rule.covers(traits)
        ]
        for patient in patients if own else ():
            found += [Bearing(each, rule, patient) for each, rule in self.of(patient) if rule.covers(traits)]
        if any(rule.cascades for _, rule in self.of(tables.ADMIN)):
            bases = (*patients, *compartments.encounters(self._store, resource))
            found += [each for base in bases for each in self._cascading(base)]
        return found

    def _cascading(self, base: str) -> list[Bearing]:
        """The cascading policies on a patient or an encounter, Type/id."""
        if base not in self._cascades:
            self._cascades[base] = self._read_cascading(base)
        return self._cascades[base]

    def _read_cascading(self, base: str) -> list[Bearing]:
        found = versions.newest(self._connection, self._store, *base.split("/", 1))
        if found is None or found.deleted:
            return []
        resource = parsing.parse(found.body, None)
        traits = Traits.of(resource)
        spoken = [base] if found.type == "Patient" else compartments.patients(self._store, resource)
        return [
            Bearing(each, rule, patient, base)
            for each, rule in self.of(tables.ADMIN)
            if rule.cascades and rule.covers(traits)
            for patient in spoken or [""]
        ]
