"""Whether a state is encrypted, and with which root key; encrypting the database of one that was begun without."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from emulator.state import encrypted_sqlite, sealed
from emulator.state.database import Database
from emulator.state.folder import DATABASE, CorruptState, replace, sync_below
from emulator.state.root_key import RootKey

SCHEMA = """
CREATE TABLE IF NOT EXISTS root_key(id INTEGER PRIMARY KEY CHECK (id = 1), proof BLOB NOT NULL);
"""
_PROOF = b"the root key of this state"
_SQL = "SELECT proof FROM root_key"


def encrypt(state: Path, root: RootKey) -> None:
    """Encrypt the database of a state where it is plain; a crash leaves the one or the other.

    Raises CorruptState where secrets in it are encrypted with another root key.
    """
    path = state / DATABASE
    if not encrypted_sqlite.is_plain(path):
        return
    _compare(state, _kept_proof(path), root)

    def write(folder: Path) -> None:
        encrypted_sqlite.encrypt(path, folder / DATABASE, root)
        sync_below(folder)

    replace(state, write)


def require(database: Database, root: RootKey | None) -> None:
    """Raise CorruptState unless the state can be read with this root key (None: without one), which is then noted."""
    row = database.one(_SQL)
    _compare(database.path.parent, None if row is None else row["proof"], root)
    if row is None and root is not None:
        database.write_now(_note, root.seal(_PROOF))
    if root is not None:
        database.overwrite_deleted()


def _kept_proof(path: Path) -> bytes | None:
    with closing(sqlite3.connect(path)) as database:
        try:
            row = database.execute(_SQL).fetchone()
        except sqlite3.DatabaseError:  # a state of before, or none: opening it says so
            row = None
    return row and bytes(row[0])


def _note(tx: sqlite3.Connection, proof: bytes) -> None:
    tx.execute("INSERT INTO root_key VALUES(1, ?)", (proof,))


def _compare(state: Path, proof: bytes | None, root: RootKey | None) -> None:
    if proof is None:
        return
    if root is None:
        raise CorruptState(f"The state in {state} is encrypted: name the file of its root key with --encrypt-at-rest.")
    try:
        root.open(proof)
    except sealed.TamperedError:
        raise CorruptState(
            f"The state in {state} is encrypted with another root key: name its file with --encrypt-at-rest."
        ) from None
