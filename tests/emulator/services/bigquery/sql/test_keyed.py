"""Files of rows that versions of keys protect, as the engine opens and closes them."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from emulator.services.bigquery.sql import engine, keyed, messages, storage
from emulator.services.bigquery.sql.errors import StoreError
from emulator.services.bigquery.sql.keyed import Keyed

NAME, FIELDS = "k0123456789abcdef", [{"name": "word", "type": "STRING"}]
KNOWN, OTHER = f"{NAME}_t_1", f"{NAME}_t_2"


@pytest.fixture
def file(tmp_path: Path) -> Keyed:
    return Keyed(tmp_path / f"{NAME}.duckdb", NAME, "ab" * 32)


@pytest.fixture
def opened(tmp_path: Path) -> engine.Engine:
    return engine.Engine(tmp_path / "common", [tmp_path], key="cd" * 32)


def test_a_file_is_swept_when_it_is_opened_and_not_while_it_is_open(opened: engine.Engine, file: Keyed) -> None:
    connection, swept = opened.connection(), replace(file, live={KNOWN: FIELDS})
    assert keyed.open_file(connection, file)
    for name in (KNOWN, OTHER):
        storage.create(connection, engine.stored(name), FIELDS)
    assert keyed.open_file(connection, swept)
    assert storage.exists(connection, engine.stored(OTHER))
    keyed.close_file(connection, NAME)
    assert keyed.open_file(connection, swept)
    assert [storage.exists(connection, engine.stored(name)) for name in (KNOWN, OTHER)] == [True, False]
    opened.close()


def test_a_file_that_a_statement_holds_is_opened_again_once_that_has_ended(opened: engine.Engine, file: Keyed) -> None:
    connection = opened.connection()
    keyed.open_file(connection, file)
    storage.create(connection, engine.stored(KNOWN), FIELDS)
    other = connection.cursor()
    other.execute(f"BEGIN; SELECT * FROM {engine.stored(KNOWN)}")
    keyed.close_file(connection, NAME)
    assert not storage.exists(connection, engine.stored(KNOWN))
    for sql in (f"FROM {engine.stored(KNOWN)}", f"CREATE TABLE {engine.stored(OTHER)}(a INT)"):
        with pytest.raises(duckdb.Error) as caught:
            connection.execute(sql)
        assert "is not enabled" in messages.statement_error(caught.value).message
    assert not keyed.open_file(connection, file)
    other.execute("COMMIT")
    assert keyed.open_file(connection, file)
    assert storage.exists(connection, engine.stored(KNOWN))
    opened.close()


def test_another_key_opens_nothing(opened: engine.Engine, file: Keyed) -> None:
    connection = opened.connection()
    keyed.open_file(connection, file)
    keyed.close_file(connection, NAME)
    with pytest.raises(StoreError, match="cannot be read"):
        keyed.open_file(connection, replace(file, key="ef" * 32))
    opened.close()
