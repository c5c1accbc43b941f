"""Which mappings, and latest revisions of consents, name which attributes: their definitions can't be deleted."""

import sqlite3
from collections.abc import Iterable

from emulator.services.healthcare.consent.tables import Store


def replace(tx: sqlite3.Connection, store: Store, kind: str, name: str, attributes: Iterable[str]) -> None:
    """Note the attributes that a consent or mapping names, by its collection and id; none when it goes."""
    tx.execute("DELETE FROM consent_uses WHERE store = ? AND kind = ? AND id = ?", (store.key, kind, name))
    rows = [(store.key, attribute, kind, name) for attribute in {*attributes}]
    tx.executemany("INSERT INTO consent_uses VALUES(?,?,?,?)", rows)
