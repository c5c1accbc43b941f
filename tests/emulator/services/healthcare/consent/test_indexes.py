"""How much work a question is: SQLite counts its steps, which must not grow with what the question is not about."""

import sqlite3
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.context import Context
from emulator.services.healthcare.consent import accessible, determinations, revisions, tables
from emulator.services.healthcare.consent.asking import Asked, Defaults
from emulator.services.healthcare.consent.tables import Store
from emulator.state.resources import Resource

STORE = Store(1, Resource(tables.KIND, "c", "", {}, "", "", ""))


def filled(users: int) -> sqlite3.Connection:
    """A store of so many users, with a consent and a mapping each, and of one with 50 mappings."""
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    database.executescript(tables.SCHEMA)
    consent = (
        "INSERT INTO consent_revisions(store, id, revision, latest, state, user, artifact, created, body)"
        " VALUES(1,?,'0badcafe',1,'ACTIVE',?,'a','',x'7b7d')"
    )
    mapping = "INSERT INTO consent_mappings(store, id, data, user, attributes) VALUES(1,?,?,?,'{}')"
    for number in range(users):
        database.execute(consent, (f"c{number}", f"u{number}"))
        database.execute(mapping, (f"m{number}", f"d{number}", f"u{number}"))
    database.execute(consent, ("c", "z"))
    for number in range(50):
        database.execute(mapping, (f"n{number}", f"e{number}", "z"))
    return database


def steps(database: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]) -> int:
    """How many instructions of SQLite's machine a question takes."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    database.set_progress_handler(count, 1)
    ask(database)
    database.set_progress_handler(None, 0)
    return counted


def next_batch(database: sqlite3.Connection) -> object:
    context = SimpleNamespace(db=SimpleNamespace(all=lambda sql, values: database.execute(sql, values).fetchall()))
    asked = Asked(STORE, {}, Defaults({}, {}), 0)
    return accessible._mappings(cast("Context", context), asked, ("z", 0))


@pytest.mark.parametrize(
    "ask",
    [
        lambda database: revisions.of_user(database, STORE, "z", 0),
        lambda database: list(determinations._of_user(database, STORE, "z", 0)),
        lambda database: revisions.latest(database, STORE, "c"),
        next_batch,
    ],
    ids=["consents of a user", "mappings of a user", "one consent", "the last mappings of a store"],
)
def test_a_question_about_one_user_takes_no_longer_with_a_thousand_others(ask: Callable[[Any], object]) -> None:
    few, many = filled(10), filled(1000)
    alone = steps(few, ask)
    assert alone > 0
    assert steps(many, ask) == alone
    few.close()
    many.close()
