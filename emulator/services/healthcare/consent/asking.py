"""Asking the consents of a store about a use: what a request asks, and what each consent says of each resource."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from emulator.consent import evaluation, rules
from emulator.consent.evaluation import HAS_SATISFIED_POLICY, NOT_APPLICABLE, Evaluation, Policy
from emulator.errors import invalid_argument
from emulator.services.healthcare import times
from emulator.services.healthcare.consent import definitions, names, revisions, tables
from emulator.services.healthcare.consent.revisions import ACTIVE, DRAFT, Revision
from emulator.services.healthcare.consent.tables import Store

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_MOST_LISTED = 100
_LONGEST_KEPT = 4000
"""Bytes of bodies whose policies are kept: anybody may send long ones."""


def policies_of(body: bytes) -> tuple[Policy, ...]:
    """The policies of a revision by its body, ready to be asked; those of a short one are kept for the next time."""
    return _kept(body) if len(body) <= _LONGEST_KEPT else _policies(body)


def _policies(body: bytes) -> tuple[Policy, ...]:
    return tuple(_policy(each) for each in orjson.loads(body).get("policies", []))


_kept = lru_cache(maxsize=4096)(_policies)


def _policy(said: Json) -> Policy:
    wanted = said.get("resourceAttributes", [])
    resources = {each["attributeDefinitionId"]: frozenset(each["values"]) for each in wanted}
    return Policy(resources, rules.read(said["authorizationRule"]["expression"]))


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of a store's resource attributes: values by id, of mappings and of policies."""

    mappings: Mapping[str, str]
    policies: Mapping[str, frozenset[str]]

    def complete(self, attributes: str) -> dict[str, str]:
        """All attributes of a mapping, of which those are set (JSON)."""
        return {**self.mappings, **orjson.loads(attributes)}


def defaults_of(reader: sqlite3.Connection, store: Store) -> Defaults:
    """The defaults that a store's definitions have now."""
    rows = reader.execute("SELECT * FROM consent_defaults WHERE store = ?", (store.key,)).fetchall()
    mappings = {row["attribute"]: row["mapping"] for row in rows if row["mapping"]}
    policies = {row["attribute"]: frozenset(orjson.loads(row["consents"])) for row in rows if row["consents"]}
    return Defaults(mappings, policies)


@dataclass(frozen=True, slots=True)
class Asked:
    """A use that is asked about: request attributes by id, on a store with these defaults at that time.

    listed are the consents to ask, in their latest revisions; None for all of a user that are active.
    """

    store: Store
    attributes: Mapping[str, str]
    defaults: Defaults
    now: int
    listed: Sequence[Revision] | None = None

    def consents(self, reader: sqlite3.Connection, user: str) -> Sequence[Revision]:
        """The consents to ask about a user's data."""
        if self.listed is not None:
            return self.listed
        return revisions.of_user(reader, self.store, user, self.now)

    def evaluate(self, consent: Revision, user: str, resource: Mapping[str, str]) -> Evaluation:
        """What one consent says of the use of a user's data, given all of its attributes."""
        if consent.user != user or consent.state not in (ACTIVE, DRAFT) or consent.has_expired(self.now):
            return Evaluation(NOT_APPLICABLE)
        return evaluation.evaluate(policies_of(consent.body), resource, self.attributes, self.defaults.policies)


Said = tuple[bool, Mapping[str, Evaluation]]


def verdicts(asked: Asked, consents: Sequence[Revision], user: str, *, full: bool) -> Callable[[str], Said]:
    """What tells, of the attributes of a user's mapping (JSON), whether a use is consented to, and what consents say.

    All that have the same attributes are told the same. Unless `full`, the first consent that says yes is the last one
    that is asked.
    """
    known: dict[str, Said] = {}

    def verdict(attributes: str) -> Said:
        if attributes not in known:
            known[attributes] = _verdict(asked, consents, user, asked.defaults.complete(attributes), full=full)
        return known[attributes]

    return verdict


def _verdict(asked: Asked, consents: Iterable[Revision], user: str, resource: Mapping[str, str], *, full: bool) -> Said:
    said: dict[str, Evaluation] = {}
    consented = False
    for consent in consents:
        said[consent.id] = asked.evaluate(consent, user, resource)
        consented = consented or said[consent.id].result == HAS_SATISFIED_POLICY
        if consented and not full:
            break
    return consented, said


def ask(context: "Context", name: str, body: Json) -> Asked:
    """The use that a request asks about. 400 for attributes that the store lacks, 404 for consents or no store."""
    store = tables.opened(context, name)
    reader = context.db.reader
    attributes = body.get("requestAttributes") or {}
    require_attributes(context, name, attributes, definitions.REQUEST, "requestAttributes")
    listed = body.get("consentList")
    consents = None if listed is None else _listed(reader, store, listed.get("consents") or [])
    return Asked(store, attributes, defaults_of(reader, store), times.now(context), consents)


def require_attributes(context: "Context", store: str, said: Mapping[str, str], category: str, where: str) -> None:
    """Raise 400 for attributes that a store does not have in that category, or values that they don't have."""
    for name, value in said.items():
        definitions.require_values(context, store, name, [value], category, where)


def _listed(reader: sqlite3.Connection, store: Store, wanted: Sequence[str]) -> list[Revision]:
    if not 1 <= len(wanted) <= _MOST_LISTED:
        raise invalid_argument(f"consentList has {len(wanted)} consents; it must have 1 to {_MOST_LISTED}.")
    ids = [names.below(store.name, names.CONSENTS, name, "consentList") for name in wanted]
    return [revisions.require(reader, store, each).opened() for each in dict.fromkeys(ids)]


def matching(defaults: Defaults, wanted: Mapping[str, str]) -> Callable[[str], bool]:
    """What tells, of the attributes of a mapping (JSON), whether it has the values that a request wants."""

    @lru_cache(maxsize=4096)
    def matches(attributes: str) -> bool:
        complete = defaults.complete(attributes)
        return all(complete.get(name) == value for name, value in wanted.items())

    return matches if wanted else lambda _attributes: True
