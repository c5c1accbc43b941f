"""Files of DuckDB: encrypted with a key, and those that were plain before encrypted at the next start."""

from pathlib import Path

import pytest

from emulator.services.bigquery.sql import engine, storage
from emulator.services.bigquery.sql.errors import StoreError

CANARY = "canary-of-a-patient"
KEY = "5e" * 32
FIELDS = [{"name": "name", "type": "STRING"}, {"name": "at", "type": "TIMESTAMP"}]
TABLE = engine.stored("t_names")


def fill(folder: Path, key: str) -> engine.Engine:
    """A table and a result, in logs as long as the engine is open."""
    opened = engine.Engine(folder, key=key)
    storage.create(opened.connection(), TABLE, FIELDS)
    storage.append(opened.connection(), TABLE, FIELDS, [{"name": CANARY}])
    opened.connection().execute(f"CREATE TABLE {engine.result_table('r')} AS SELECT * FROM {TABLE}")
    return opened


def names(folder: Path, key: str) -> list[tuple[str]]:
    opened = engine.Engine(folder, key=key)
    found: list[tuple[str]] = opened.connection().execute(f"SELECT name FROM {TABLE}").fetchall()
    opened.close()
    return found


def files_with_it(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()}


def test_neither_files_nor_logs_hold_what_is_stored(tmp_path: Path) -> None:
    plain, encrypted = fill(tmp_path / "plain", ""), fill(tmp_path / "encrypted", KEY)
    assert files_with_it(tmp_path) == {"rows.duckdb.wal", "results.duckdb.wal"}
    plain.close()
    encrypted.close()
    assert files_with_it(tmp_path) == {"rows.duckdb", "results.duckdb"}
    assert files_with_it(tmp_path / "encrypted") == set()
    assert names(tmp_path / "encrypted", KEY) == [(CANARY,)]
    assert files_with_it(tmp_path / "encrypted") == set()


def test_what_a_query_moves_out_of_memory_is_encrypted_too(tmp_path: Path) -> None:
    opened = engine.Engine(tmp_path, key=KEY)
    sql = "SELECT current_setting('temp_file_encryption')"
    assert opened.connection().execute(sql).fetchone() == (True,)
    opened.close()


@pytest.mark.parametrize("key", ["", "ab" * 32])
def test_another_key_opens_nothing(tmp_path: Path, key: str) -> None:
    fill(tmp_path, KEY).close()
    with pytest.raises(StoreError, match="cannot be read"):
        names(tmp_path, key)


def test_a_plain_file_is_encrypted_once(tmp_path: Path) -> None:
    fill(tmp_path, "").close()
    (tmp_path / "rows.duckdb.new").write_bytes(b"what a crash left")
    assert names(tmp_path, KEY) == [(CANARY,)]
    assert files_with_it(tmp_path) == set()
    assert not (tmp_path / "rows.duckdb.new").exists()
    assert names(tmp_path, KEY) == [(CANARY,)]


def test_blocks_that_rows_have_left_go_where_these_have_gone_to_the_file_of_a_key(tmp_path: Path) -> None:
    """In a file without encryption, since the words would not be seen in another."""
    opened, other = fill(tmp_path, ""), engine.stored("t_other")
    opened.connection().execute(f"CREATE TABLE {other} AS SELECT 'beside' AS name")
    opened.close()
    opened = engine.Engine(tmp_path)
    storage.drop(opened.connection(), TABLE)
    opened.close()
    assert "rows.duckdb" in files_with_it(tmp_path)
    (tmp_path / engine.STALE).touch()
    opened = engine.Engine(tmp_path)
    assert opened.connection().execute(f"SELECT name FROM {other}").fetchall() == [("beside",)]
    opened.close()
    assert files_with_it(tmp_path) == {"results.duckdb"}
    assert not (tmp_path / engine.STALE).exists()
