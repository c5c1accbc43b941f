"""A consent counts until its expiry, by the emulator's clock; its state stays what it was."""

import sqlite3
from types import SimpleNamespace
from typing import cast

import pytest

from emulator.context import Context
from emulator.errors import ApiError
from emulator.services.healthcare import times
from emulator.services.healthcare.consent import revisions, tables
from emulator.services.healthcare.consent.tables import Store
from emulator.state.resources import Resource

STORE = Store(1, Resource(tables.KIND, "c", "", {}, "", "", ""))
EXPIRES = 1_800_000_000_000_000


@pytest.mark.parametrize(("now", "counts"), [(EXPIRES - 1, True), (EXPIRES, False), (EXPIRES + 1, False)])
def test_a_consent_counts_until_it_expires(now: int, counts: bool) -> None:
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    database.executescript(tables.SCHEMA)
    database.execute(
        "INSERT INTO consent_revisions(store, id, revision, latest, state, user, artifact, expires, created, body)"
        " VALUES(1,'c','0badcafe',1,'ACTIVE','u','a',?,'',x'7b7d')",
        (EXPIRES,),
    )
    assert bool(revisions.of_user(database, STORE, "u", now)) is counts
    found = revisions.require(database, STORE, "c")
    assert found.has_expired(now) is not counts
    assert found.state == "ACTIVE"
    database.close()


def test_now_is_the_clock_of_the_emulator() -> None:
    context = SimpleNamespace(clock=SimpleNamespace(seconds=lambda: 1_800_000_000.5))
    assert times.now(cast("Context", context)) == 1_800_000_000_500_000


def test_times_are_read_and_written_to_the_microsecond() -> None:
    for text in ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000001Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert times.written(times.of(text, "t")) == text
    assert times.written(times.of("2026-01-31", "t")) == "2026-01-31T00:00:00Z"
    assert times.written(times.after(0, "86400.5s", "ttl")) == "1970-01-02T00:00:00.500000Z"
    with pytest.raises(ApiError, match="it must be a time such as"):
        times.of("yesterday", "t")
