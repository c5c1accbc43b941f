"""What a request may read of a store: all, or what consents and SMART scopes permit to it.

Only stores with consentConfig.accessEnforced ask consents, and only requests with SMART scopes are held to these. A
resource is held to both as it is now; an old version must be permitted as it was, too. What is not there is not told
from what is not permitted.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

from emulator.fhir import parsing
from emulator.fhir.search.tables import microseconds_of
from emulator.gateway.request import Request
from emulator.services.healthcare.fhir import errors, instants, smart, versions
from emulator.services.healthcare.fhir.consents import compartments, scopes, tables
from emulator.services.healthcare.fhir.consents.policies import Policies
from emulator.services.healthcare.fhir.consents.scopes import HEADER, Scope
from emulator.services.healthcare.fhir.consents.weighing import Bearing, Verdict, weigh
from emulator.services.healthcare.fhir.smart import Grant
from emulator.services.healthcare.fhir.stored import Json, Store, Version

_SUMMARIES = {
    Verdict.PERMIT: "Consents permit the access and none denies it.",
    Verdict.DENY: "A consent denies the access.",
    Verdict.NO_CONSENT: "No consent permits the access.",
}
Told = Callable[[Verdict, list[Bearing]], None]
SEES = "fhir_sees"
"""The SQL function that says of a rid whether the request may read it."""


_SEES_ALL = nullcontext("")


class Access:
    """Reading of one store by one request. Without a scope, consents are not asked; without a grant, SMART is not."""

    def __init__(
        self, store: Store, scope: Scope | None = None, told: Told | None = None, grant: Grant | None = None
    ) -> None:
        self.store = store
        self.grant = grant
        self._scope = scope
        self._told = told or (lambda _verdict, _bearings: None)
        self._policies: tuple[sqlite3.Connection, Policies] | None = None

    @property
    def enforced(self) -> bool:
        """Whether anything is asked of a resource before it is read."""
        return self._scope is not None or self.grant is not None

    def current(self, connection: sqlite3.Connection, resource_type: str, identifier: str) -> Version:
        """As versions.current; refused with 403, too, for what is not permitted or may not be told of."""
        found = versions.newest(connection, self.store, resource_type, identifier)
        if self.enforced:
            self._require(connection, resource_type, identifier, found)
        return versions.current(connection, self.store, resource_type, identifier) if found is None else _live(found)

    def version(self, connection: sqlite3.Connection, resource_type: str, identifier: str, version_id: str) -> Version:
        """As versions.version; refused with 403, too, unless the resource and this version are permitted."""
        self.require(connection, resource_type, identifier)
        found = versions.version(connection, self.store, resource_type, identifier, version_id)
        if not self.sees(connection, found):
            if self.grant is not None:
                self.grant.require("read", self.store, found.type, _resource(found))
            raise errors.no_consent()
        return found

    def require_known(self, connection: sqlite3.Connection, resource_type: str, identifier: str) -> None:
        """As `require`; refused with 404 for what never was, too."""
        self.require(connection, resource_type, identifier)
        if versions.newest(connection, self.store, resource_type, identifier) is None:
            raise errors.not_found(f"{resource_type}/{identifier}")

    def require(self, connection: sqlite3.Connection, resource_type: str, identifier: str) -> None:
        """Refuse with 403 what is not permitted, or may not be told of; nothing where nothing is asked."""
        if self.enforced:
            newest = versions.newest(connection, self.store, resource_type, identifier)
            self._require(connection, resource_type, identifier, newest)

    def sees(self, connection: sqlite3.Connection, version: Version) -> bool:
        """Whether a version is permitted; a deletion says nothing that has to be."""
        if not self.enforced or version.deleted:
            return True
        resource = _resource(version)
        if self.grant is not None and not self.grant.permits("read", self.store, version.type, resource):
            return False
        return self._scope is None or self._weigh(connection, resource, self._scope)[0] is Verdict.PERMIT

    def require_type(self, resource_type: str) -> None:
        """Refuse with 403 a type of which the scopes of SMART permit to read nothing."""
        if self.grant is not None:
            self.grant.require_type("read", resource_type)

    def on(
        self, connection: sqlite3.Connection, indexed: Callable[[int], bool] | None = None
    ) -> AbstractContextManager[str]:
        """Give SQL on a connection the function SEES for a while: its name; "" where nothing is held back.

        `indexed` says of a rid whether searches find it already, None that they find all.
        """
        return _SEES_ALL if indexed is None and not self.enforced else self._holding_back(connection, indexed)

    @contextmanager
    def _holding_back(self, connection: sqlite3.Connection, indexed: Callable[[int], bool] | None) -> Iterator[str]:
        @cache
        def sees(rid: int) -> bool:
            if indexed is not None and not indexed(rid):
                return False
            return not self.enforced or any(
                self.sees(connection, each) for each in versions.by_rid(connection, self.store, [rid])
            )

        connection.create_function(SEES, 1, sees)
        try:
            yield SEES
        finally:
            connection.create_function(SEES, 1, None)

    def _require(
        self, connection: sqlite3.Connection, resource_type: str, identifier: str, newest: Version | None
    ) -> None:
        resource = None if newest is None or newest.deleted else _resource(newest)
        if self.grant is not None:
            self.grant.require("read", self.store, resource_type, resource)
        if self._scope is None:
            return
        if resource is None:
            self._require_telling(connection, resource_type, identifier)
            return
        verdict, bearings = self._weigh(connection, resource, self._scope)
        self._told(verdict, bearings)
        if verdict is not Verdict.PERMIT:
            raise errors.no_consent()

    def _require_telling(self, connection: sqlite3.Connection, resource_type: str, identifier: str) -> None:
        """Refuse to tell that a resource is not there, unless an admin policy permits to read it by its name alone.

        What may belong to a patient is never told of (Cloud Healthcare: "If the requested resource does not exist").
        """
        verdict = Verdict.NO_CONSENT
        if not compartments.belongs(self.store, resource_type):
            policies = [rule for _, rule in self._known(connection).of(tables.ADMIN) if not rule.cascades]
            named = [rule for rule in policies if rule.names(resource_type, identifier)]
            if any(rule.denies for rule in named):
                verdict = Verdict.DENY
            elif any(rule.names_only for rule in named):
                verdict = Verdict.PERMIT
        self._told(verdict, [])
        if verdict is not Verdict.PERMIT:
            raise errors.no_consent()

    def _weigh(self, connection: sqlite3.Connection, resource: Json, scope: Scope) -> tuple[Verdict, list[Bearing]]:
        patients = compartments.patients(self.store, resource)
        return weigh(self._known(connection).bearings(resource, patients), patients, scope)

    def _known(self, connection: sqlite3.Connection) -> Policies:
        if self._policies is None or self._policies[0] is not connection:
            self._policies = connection, Policies(connection, self.store, self._scope)
        return self._policies[1]


def of(request: Request, store: Store) -> Access:
    """What a request may read; refused with 403 for a consent scope that is none, or that is missing but required."""
    scope, told = _consents(request, store)
    return Access(store, scope, told, smart.of(request))


def without_consents(request: Request, store: Store) -> Access:
    """What a request may read on its way to a change, which consents are not about (Cloud Healthcare: FHIR consent)."""
    return Access(store, grant=smart.of(request))


def _consents(request: Request, store: Store) -> tuple[Scope | None, Told | None]:
    """The scope by which consents are asked, and who is told what they said; None where they are not."""
    config: Json | None = store.settings.get("consentConfig")
    if not config:
        return None, None
    level = (config.get("accessDeterminationLogConfig") or {}).get("logLevel", "MINIMUM")
    noted: dict[str, Any] = {}
    if level != "DISABLED":
        request.noted = noted
    if not config.get("accessEnforced"):
        noted["consentMode"] = "off"
        return None, None
    header = request.headers.get(HEADER, "").strip()
    noted |= {"consentMode": "enforced" if header else "emptyScope", "logLevel": level}
    if header:
        noted["requestHeaders"] = {"X-Consent-Scope": header[:1000]}
    scope = _scope(config, store, header)
    if scope is not None and scope.special:
        noted["consentMode"] = scope.special
    if scope is None or scope.special:
        return None, None
    return scope, lambda verdict, bearings: _tell(noted, level, store, verdict, bearings)


def _scope(config: Json, store: Store, header: str) -> Scope | None:
    if header:
        return scopes.parse(header, compartments.local_to(store))
    if (config.get("consentHeaderHandling") or {}).get("profile") == "REQUIRED_ON_READ":
        raise errors.bad_scope("the header X-Consent-Scope is required to read from this FHIR store")
    return None


def _tell(noted: dict[str, Any], level: str, store: Store, verdict: Verdict, bearings: list[Bearing]) -> None:
    """Note a decision for the audit log; with VERBOSE, each consent that led to it."""
    noted |= {"consentDecision": verdict.value, "summary": _SUMMARIES[verdict]}
    if level == "VERBOSE":
        noted["consents"] = [_noted(store, each) for each in bearings]


def _noted(store: Store, bearing: Bearing) -> Json:
    consent, rule = bearing.consent, bearing.rule
    found = {
        "resourceOwner": f"{store.name}/fhir/{bearing.patient}" if bearing.patient else "",
        "matchingScope": " ".join(
            [
                *(f"actor/{actor}" for actor in rule.actors),
                *([f"purp/{rule.purpose}"] if rule.purpose else []),
                *([f"env/{rule.environment}"] if rule.environment else []),
            ]
        ),
        "enforcementTime": instants.last_updated(consent.applied),
        "enforcementVersion": "V1",
        "consentResource": f"{store.name}/fhir/Consent/{consent.id}",
        "consentTime": instants.last_updated(microseconds_of(consent.rid)),
        "policyType": "PATIENT" if consent.owner else "ADMIN",
    }
    return {name: value for name, value in found.items() if value}


def _live(version: Version) -> Version:
    if version.deleted:
        raise errors.gone(version.relative)
    return version


def _resource(version: Version) -> Json:
    resource: Json = parsing.parse(version.body, None)
    return resource
