"""Lists of large stores: pages are found by an index, whatever their order and their filter."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC

import pytest

from emulator.services.healthcare.hl7v2 import filters, listing, tables
from emulator.services.healthcare.hl7v2.stored import Key

MESSAGES = 100_000
KEY = Key(1, b"")


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    """100,000 messages of a store, and as many of another."""
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(tables.MESSAGES)
        made.executemany(
            "INSERT INTO hl7v2_messages VALUES(?1,1 + ?1 % 2,?1,1,0,?1,'','{}',?1 * 7919 % 1000003,?2,'FAC',0)",
            ((number, "ORU" if number % 1000 < 2 else "ADT") for number in range(1, 2 * MESSAGES + 1)),
        )
        made.executemany(
            "INSERT INTO hl7v2_patients VALUES(1 + ?1 % 2,?1 % 5000,'MR',?1)",
            ((number,) for number in range(1, 2 * MESSAGES + 1)),
        )
        yield made


@pytest.mark.parametrize(
    ("order", "index"),
    [("", "hl7v2_messages_live"), ("send_time", "hl7v2_messages_sent"), ("send_time desc", "hl7v2_messages_sent")],
)
def test_pages_are_read_off_an_index_without_sorting(database: sqlite3.Connection, order: str, index: str) -> None:
    asked: list[str] = []
    database.set_trace_callback(asked.append)
    first = list(listing.rows(database, KEY, filters.EVERYTHING, listing.order_of(order), 0, 100))
    following = list(listing.rows(database, KEY, filters.EVERYTHING, listing.order_of(order), first[-1].number, 100))
    database.set_trace_callback(None)
    assert len({row.number for row in first + following}) == 200
    for sql in asked:
        plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}"))
        assert f"USING INDEX {index}" in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("order", ["", "send_time", "send_time desc"])
@pytest.mark.parametrize(
    ("text", "count"),
    [("", MESSAGES), ('message_type = "ORU"', 200), ('PatientId("1234", "MR")', 40), ('PatientId("1235", "MR")', 0)],
)
def test_all_pages_together_are_all_that_fit(database: sqlite3.Connection, order: str, text: str, count: int) -> None:
    condition, wanted = filters.compiled(text, UTC), listing.order_of(order)
    found: list[int] = []
    while page := list(listing.rows(database, KEY, condition, wanted, found[-1] if found else 0, 20_000)):
        found += [row.number for row in page]
    assert len(found) == len(set(found)) == count
