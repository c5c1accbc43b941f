"""References between the resources of a store: which are allowed, and that they lead to something.

Cloud Healthcare: FHIR resource references. Fragments, references into other stores and conditional ones are refused
whatever the store's settings; the rest is for stores with referential integrity.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emulator.fhir import references
from emulator.fhir.outcomes import Refused
from emulator.fhir.references import Kind, Reference
from emulator.services.healthcare.fhir import errors, versions
from emulator.services.healthcare.fhir.stored import Json, Store, Version


@dataclass(frozen=True, slots=True)
class Link:
    """A reference from a resource to one of its own store."""

    path: str
    """Where it stands: Observation.subject."""
    to: Reference
    counts: bool
    """Whether it must lead to something: in extensions only where the store says so."""


def places(store: Store, resource: Json) -> Iterator[references.Place]:
    """The references of a resource that count: those in extensions only where the store says so."""
    return (place for place in references.walk(resource) if _counts(store, place))


def links(store: Store, resource: Json, *, any_reference: bool = False) -> list[Link]:
    """The references to resources of the store; refused for references that can't be, unless any is taken."""
    contained = {each.get("id") for each in resource.get("contained") or () if isinstance(each, dict)}
    found, wrong = [], []
    for place in references.walk(resource):
        to = references.parse(place.text, store.name)
        counts = _counts(store, place)
        if to.kind is Kind.LOCAL:
            found.append(Link(place.path, to, counts))
        elif counts and (sentence := _objection(store, to, contained)):
            wrong.append(f"{place.path}: {sentence}")
    if wrong and not any_reference:
        raise errors.bad_references(*wrong)
    return found


def targets(resource: Json, store: str) -> set[str]:
    """Type/id of all that a resource refers to in its store, whatever the settings."""
    found = (references.parse(place.text, store) for place in references.walk(resource))
    return {to.relative for to in found if to.kind is Kind.LOCAL}


def _counts(store: Store, place: references.Place) -> bool:
    return "xtension[" not in place.path or store.reads_complex_references


def _objection(store: Store, to: Reference, contained: set[object]) -> str:
    """Why a reference that leads out of the store's resources can't be; "" where it can."""
    match to.kind:
        case Kind.OTHER_STORE:
            return f"non-local reference: {to.text[:300]}"
        case Kind.CONDITIONAL:
            return f"conditional reference outside of a bundle: {to.text[:300]}"
        case Kind.FRAGMENT if to.id and to.id not in contained:
            return f"no contained resource has the ID of the reference {to.text[:80]}"
        case Kind.URN if store.has_integrity or store.version == "R5":
            return f"reference to nothing: {to.text[:80]} is the fullUrl of no entry"
    return ""


def require_targets(connection: sqlite3.Connection, store: Store, found: Iterable[Link]) -> None:
    """Refuse references that lead to nothing, in a store with referential integrity."""
    if not store.has_integrity:
        return
    known: dict[str, bool] = {}
    wrong = []
    for link in found:
        if not link.counts:
            continue
        key = link.to.text if link.to.version else link.to.relative
        if key not in known:
            known[key] = _leads_somewhere(connection, store, link.to)
        if not known[key]:
            wrong.append(f"{link.path}: reference to nothing: {link.to.text[:300]}")
    if wrong:
        raise errors.bad_references(*wrong)


def _leads_somewhere(connection: sqlite3.Connection, store: Store, to: Reference) -> bool:
    if not versions.is_there(connection, store, to.type, to.id):
        return False
    if not to.version or not store.keeps_versions:
        return True
    try:
        versions.version(connection, store, to.type, to.id, to.version)
    except Refused:
        return False
    return True


def require_unreferenced(connection: sqlite3.Connection, store: Store, deleted: Version) -> None:
    """Refuse to leave references to a deleted resource behind, in a store with referential integrity."""
    if not store.has_integrity:
        return
    row = connection.execute(
        "SELECT v.type, v.id FROM fhir_references r JOIN fhir_versions v ON v.store = r.store AND v.rid = r.rid"
        " WHERE r.store = ? AND r.target = ? AND r.counts LIMIT 1",
        (store.key, deleted.relative),
    ).fetchone()
    if row is not None:
        raise errors.referenced(deleted.relative, f"{row[0]}/{row[1]}")
