"""The profiles that a store holds resources to: those of its enabled implementation guides, which it keeps itself.

They are read again when settings or any StructureDefinition or ImplementationGuide of the store have changed.
"""

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emulator.fhir import parsing
from emulator.fhir.search.parameters import Parameters
from emulator.fhir.validation.profiles import Profile
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
Profiles = tuple[Profile, ...]
DEFINITIONS = frozenset(("ImplementationGuide", "SearchParameter", "StructureDefinition"))
"""Types that a store works by as by its settings: no version of its key encrypts them, so that it can be opened."""
_CACHE = "healthcare.fhir.profiles"
_NEWEST = "SELECT max(rid) FROM fhir_index_resources WHERE store = ? AND type = ?"


def profiles(
    context: "Context", connection: sqlite3.Connection, store: int, known: Parameters, config: Json
) -> Profiles:
    """What `global` of the enabled guides names, as far as the store has it; nothing where that is switched off."""
    guides = tuple(config.get("enabledImplementationGuides") or ())
    if not guides or config.get("disableProfileValidation"):
        return ()
    kinds = ("ImplementationGuide", "StructureDefinition")
    newest = [connection.execute(_NEWEST, (store, kind)).fetchone()[0] for kind in kinds]
    invariants = bool(config.get("enableFhirpathProfileValidation"))
    state = (guides, invariants, *newest)
    cache: dict[int, tuple[Any, Profiles]] = context.extensions.setdefault(_CACHE, {})
    if store not in cache or cache[store][0] != state:
        found = _found(connection, store, known, context.blobs.keys, guides)
        cache[store] = state, tuple(Profile(each, invariants=invariants) for each in found)
    return cache[store][1]


def by_url(
    connection: sqlite3.Connection, store: int, known: Parameters, keys: DataKeys | None, resource_type: str, url: str
) -> Json | None:
    """The newest resource of a type with a canonical URL, whose version after | does not count.

    `keys` are those that encrypt the store's resources, None where nothing does; 400 where its key is closed.
    """
    parameter = known.find(resource_type, "url")
    if parameter is None:
        return None
    row = connection.execute(
        "SELECT v.body FROM fhir_index_uris u JOIN fhir_versions v ON v.store = u.store AND v.rid = u.rid"
        " WHERE u.store = ? AND u.parameter = ? AND u.uri = ? ORDER BY u.rid DESC LIMIT 1",
        (store, parameter.key, url.partition("|")[0]),
    ).fetchone()
    return None if row is None else parsing.parse(data_keys.text_read(keys, row[0]), None)


def _found(
    connection: sqlite3.Connection, store: int, known: Parameters, keys: DataKeys | None, guides: tuple[str, ...]
) -> Iterator[Json]:
    for guide in guides:
        found = by_url(connection, store, known, keys, "ImplementationGuide", guide) or {}
        for each in found.get("global") or []:
            profile = each.get("profile")  # of STU3 a Reference, later a URL
            url = profile.get("reference") if isinstance(profile, dict) else profile
            named = url and by_url(connection, store, known, keys, "StructureDefinition", str(url))
            if named:
                yield named
