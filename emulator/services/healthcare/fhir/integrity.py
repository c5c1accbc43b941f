"""References between the resources of a store: which are allowed, and that they lead to something.

Cloud Healthcare: FHIR resource references. Fragments, references into other stores and conditional ones are refused
whatever the store's settings; the rest is for stores with referential integrity.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from emulator.fhir import references
from emulator.fhir.outcomes import Refused
from emulator.fhir.references import Kind, Place, Reference
from emulator.services.healthcare.fhir import errors, versions
from emulator.services.healthcare.fhir.stored import Json, Store, Version


@dataclass(frozen=True, slots=True)
class Link:
    """A reference from a resource to one of its own store."""

    resource: Json
    to: Reference
    counts: bool
    """Whether it must lead to something: in extensions only where the store says so."""


def places(store: Store, resource: Json) -> Iterator[Place]:
    """The references of a resource that count: those in extensions only where the store says so."""
    return (place for place in references.walk(resource) if _counts(store, place))


def links(store: Store, resource: Json, *, any_reference: bool = False) -> list[Link]:
    """The references to resources of the store; refused for references that can't be, unless any is taken."""
    own, in_extensions = references.texts_apart(resource)
    if not own and not in_extensions:
        return []
    found = [*_links(store, resource, own, counts=True)]
    found += _links(store, resource, in_extensions, counts=store.reads_complex_references)
    if not any_reference and len(found) < len(own) + len(in_extensions):
        _require_possible(store, resource)
    return found


def _links(store: Store, resource: Json, texts: Iterable[str], *, counts: bool) -> Iterator[Link]:
    found = (references.parse(text, store.name) for text in texts)
    return (Link(resource, to, counts) for to in found if to.kind is Kind.LOCAL)


def _require_possible(store: Store, resource: Json) -> None:
    """Refuse references that can't be, with their places."""
    inside = references.answered_within(resource)
    outside = [place for place in places(store, resource) if id(place.element) not in inside]
    asked = ((place, _objection(store, references.parse(place.text, store.name))) for place in outside)
    if wrong := [(place.path, words) for place, words in asked if words]:
        raise errors.bad_references(wrong)


def targets(resource: Json, store: str) -> set[str]:
    """Type/id of all that a resource refers to in its store, whatever the settings."""
    found = (references.parse(text, store) for text in references.texts(resource))
    return {to.relative for to in found if to.kind is Kind.LOCAL}


def _counts(store: Store, place: Place) -> bool:
    return not place.in_extension or store.reads_complex_references


def _objection(store: Store, to: Reference) -> str:
    """Why a reference to none of the store's resources, nor to what its own holds, can't be; "" where it can."""
    match to.kind:
        case Kind.OTHER_STORE:
            return f"non-local reference: {to.text[:300]}"
        case Kind.CONDITIONAL:
            return f"conditional reference outside of a bundle: {to.text[:300]}"
        case Kind.FRAGMENT if to.id:
            return f"no contained resource has the ID of the reference {to.text[:80]}"
        case Kind.URN if store.has_integrity or store.version == "R5":
            return f"reference target(s) not found: {to.text[:80]} is the fullUrl of no entry"
        case Kind.OTHER if store.version == "R5":
            wrong = references.wrong_id(to, store.definitions.resources)
            return "" if wrong is None else f"invalid ID '{wrong[:80]}' in the reference {to.text[:300]}"
    return ""


def require_targets(
    connection: sqlite3.Connection, store: Store, found: Iterable[Link], places: Mapping[int, str]
) -> None:
    """Refuse references that lead to nothing, in a store with referential integrity.

    `places` are where in a bundle resources are, by the numbers (id) of their objects; "" for one that is in none.
    """
    if not store.has_integrity:
        return
    known: dict[str, bool] = {}
    wrong: dict[int, Json] = {}
    for link in found:
        if not link.counts:
            continue
        key = _key(link.to)
        if key not in known:
            known[key] = _leads_somewhere(connection, store, link.to)
        if not known[key]:
            wrong[id(link.resource)] = link.resource
    if wrong:
        nowhere = {key for key, leads in known.items() if not leads}
        raise errors.bad_references(
            (f"{places[number]}.{path}" if places.get(number) else path, words)
            for number, one in wrong.items()
            for path, words in _leading_to(store, one, nowhere)
        )


def _key(to: Reference) -> str:
    """What a reference is known by: of one to a version its whole text."""
    return to.text if to.version else to.relative


def _leading_to(store: Store, resource: Json, nowhere: set[str]) -> Iterator[tuple[str, str]]:
    """What is said of the references of a resource to what is not there, with their places. Google's words."""
    for place in places(store, resource):
        to = references.parse(place.text, store.name)
        if to.kind is Kind.LOCAL and _key(to) in nowhere:
            yield place.path, f"reference target(s) not found: {to.text[:300]}"


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
