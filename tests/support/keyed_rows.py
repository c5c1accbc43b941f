"""What BigQuery's files hold for somebody who has the root key, for tests of what the versions of keys encrypt."""

import shutil
from pathlib import Path

import duckdb

from emulator.services.bigquery.sql.attaching import ENCRYPTED, attach
from emulator.state import root_key
from tests.support.emulator import RunningEmulator


def opened_by_root_key(emulator: RunningEmulator, folder: Path) -> str:
    """All rows that the root key opens, as text, of an emulator that is not running; folder is for copies of files."""
    assert emulator.root_key is not None
    key = root_key.read(emulator.root_key).derived(b"bigquery").hex()
    shown = []
    with duckdb.connect(config={**ENCRYPTED}) as root:
        for name in ("rows", "results"):
            for path in (emulator.state / "bigquery").glob(f"{name}.duckdb*"):
                shutil.copy(path, folder)
            attach(root, folder / f"{name}.duckdb", name, key)
            tables = root.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [name]).fetchall()
            shown += [repr(root.execute(f'SELECT * FROM {name}.main."{table}"').fetchall()) for (table,) in tables]
    return "".join(shown)


def keyed_files(emulator: RunningEmulator) -> list[Path]:
    """The files that versions of keys protect."""
    return sorted((emulator.state / "bigquery" / "keyed").glob("*.duckdb"))


def is_opened_by_root_key(emulator: RunningEmulator, path: Path, folder: Path) -> bool:
    """Whether the key that opens the common files opens this one, of an emulator that is not running."""
    assert emulator.root_key is not None
    key = root_key.read(emulator.root_key).derived(b"bigquery").hex()
    shutil.copy(path, folder)
    with duckdb.connect(config={**ENCRYPTED}) as root:
        try:
            attach(root, folder / path.name, "keyed", key)
        except duckdb.Error:
            return False
    return True
