"""Canonical URLs: of a type of definitions (Questionnaire, ValueSet), a store has each URL and version once.

Google was seen to answer 409 to a second Questionnaire of a URL (mock.health's comparison of FHIR servers). That a URL
may be there in several versions is FHIR's rule.
"""

import sqlite3

from emulator.fhir import parsing
from emulator.fhir.canonicals import is_canonical
from emulator.services.healthcare.fhir import errors
from emulator.services.healthcare.fhir.keeping import Change
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.state import data_keys

_SAME = (
    "SELECT v.body FROM fhir_index_uris u JOIN fhir_versions v ON v.store = u.store AND v.rid = u.rid"
    " WHERE u.store = ? AND u.parameter = ? AND u.uri = ? AND v.id <> ?"
)


def require_unique(connection: sqlite3.Connection, store: Store, change: Change) -> None:
    """Refuse with 409 a resource whose canonical URL and version another one of its type has."""
    resource = change.resource
    url, parameter = resource.get("url"), store.parameters.find(change.after.type, "url")
    if not url or parameter is None or not is_canonical(store.definitions, change.after.type):
        return
    for row in connection.execute(_SAME, (store.key, parameter.key, url, change.after.id)):
        other: Json = parsing.parse(data_keys.text_read(store.keys, row[0]), None)
        if other.get("version") == resource.get("version"):
            raise errors.same_canonical(change.after.type, f"{other['resourceType']}/{other['id']}")
