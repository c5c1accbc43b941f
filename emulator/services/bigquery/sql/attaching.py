"""Attaching DuckDB's files, encrypted (AES-256-GCM, logs included) where there is a key; encrypting one that is plain.

DuckDB does so by the library that it carries, whose nonces come of a generator seeded by the system, which DuckDB calls
unsafe (`force_mbedtls_unsafe`): they don't repeat, and could be guessed. That of its extension httpfs is at no index.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LOCK_SECONDS = 20.0  # how long the process of an emulator that was killed may take to let go of the files
ENCRYPTED = {"force_mbedtls_unsafe": "true", "temp_file_encryption": "true"}
"""Settings of an engine whose files are encrypted, what it moves out of memory included."""
_FORM = "STORAGE_VERSION 'v2.0.0'"  # DuckDB takes an older one for encrypted files, and refuses to go back to it


def attach(root: DuckDBPyConnection, path: Path, name: str, key: str = "") -> None:
    """Open a file, waiting for a process that is about to end and holds it still; key "" is for plain ones."""
    import duckdb

    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            root.execute(f"ATTACH '{_text(path)}' AS {name} {_options(key)}")
        except duckdb.IOException as error:
            if "lock" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def encrypt(root: DuckDBPyConnection, path: Path, key: str) -> None:
    """Encrypt a file where it is plain; a crash leaves the one or the other."""
    if path.exists() and not _is_encrypted(path):
        _write_anew(root, path, "", key)


def rewrite(root: DuckDBPyConnection, path: Path, key: str) -> None:
    """Write a file anew, so that nothing is in it of rows that have gone; a crash leaves the one or the other."""
    _write_anew(root, path, key, key)


def _write_anew(root: DuckDBPyConnection, path: Path, old_key: str, key: str) -> None:
    new = path.with_name(f"{path.name}.new")
    remove(new)
    with _attached(root, path, "old", old_key), _attached(root, new, "new", key):
        root.execute("CHECKPOINT old")  # its log belongs to no other file
        root.execute("COPY FROM DATABASE old TO new")
        root.execute("CHECKPOINT new")
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    new.replace(path)


def remove(path: Path) -> None:
    """Remove a file and its log, if they are there."""
    for each in (path, path.with_name(f"{path.name}.wal")):
        each.unlink(missing_ok=True)


@contextmanager
def _attached(root: DuckDBPyConnection, path: Path, name: str, key: str = "") -> Iterator[None]:
    attach(root, path, name, key)
    try:
        yield
    finally:
        root.execute(f"DETACH {name}")


def _is_encrypted(path: Path) -> bool:
    """Whether a file's header has the flag, which is never encrypted itself: after checksum, name and version."""
    with path.open("rb") as file:
        return bool(file.read(21)[20:] == b"\1")


def _options(key: str) -> str:
    return f"(ENCRYPTION_KEY '{key}', {_FORM})" if key else ""


def _text(path: Path) -> str:
    return str(path).replace("'", "''")
