"""Reading a message while others write."""

import sqlite3
from datetime import UTC

import pytest

from emulator.errors import ApiError
from emulator.services.healthcare.hl7v2 import stored, tables
from emulator.services.healthcare.hl7v2.stored import Row, State, Store
from emulator.state.resources import Resource

STORE = "projects/p/locations/l/datasets/d/hl7V2Stores/s"


def test_a_message_whose_store_went_meanwhile_is_not_found() -> None:
    """A store is deleted between the reads of a message's row and of its bytes."""
    with sqlite3.connect(":memory:") as database:
        database.executescript(tables.MESSAGES)
        row = Row(1, "id=", State(live=True, changed=1, created=1, operation="", labels="{}"), 1, "ADT", "", 4)
        database.execute("INSERT INTO hl7v2_bodies VALUES(1, x'4d534800', x'0d', x'')")
        store = Store(Resource("hl7V2Stores", STORE, "", {}, "", "", ""), UTC, None)
        assert stored.body_of(database, store, row).raw == b"MSH\0"
        database.execute("DELETE FROM hl7v2_bodies")
        with pytest.raises(ApiError, match=f"Resource not found: {STORE}/messages/id=") as gone:
            stored.body_of(database, store, row)
        assert gone.value.code == 404
    database.close()
