"""Files of SQLite that SQLCipher encrypts page by page (AES-256, HMAC-SHA256), logs included, under the root key's.

Such a file begins with a mark and with which key it has, where SQLCipher keeps a salt, which a whole key needs none of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from emulator.state.folder import CorruptState
from emulator.state.root_key import RootKey

_PLAIN = b"SQLite format 3\0"
_MARK = b"sealed-1"
_PURPOSE = b"sqlite"
_ERRORS = ("Interface", "Database", "Internal", "Operational", "Programming", "Integrity", "Data", "NotSupported")
Opener = Callable[..., sqlite3.Connection]


def is_plain(path: Path) -> bool:
    """Whether the file is a database of SQLite that anybody can read."""
    return _head(path) == _PLAIN


def opener(path: Path, root: RootKey | None) -> Opener:
    """What opens connections to a database: by its URI where that is given, with the options of sqlite3.connect.

    Rows have names. A new database is encrypted where there is a root key. Raises CorruptState for an encrypted one of
    which the root key is another, or not there. To be asked for before this process has the database open: closing a
    file that was only looked at takes SQLite's locks on it away, and who opens it next in another process then removes
    the log that is being written (sqlite.org: "How To Corrupt An SQLite Database File", 2.2).
    """
    require_key(path, root)
    return partial(_plain, path) if root is None or is_plain(path) else partial(_encrypted, path, root)


def connect(path: Path, root: RootKey | None, address: str = "", **options: Any) -> sqlite3.Connection:
    """Open a database once, as its opener does."""
    return opener(path, root)(address, **options)


def _plain(path: Path, address: str = "", **options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(address or path, uri=bool(address), **options)
    connection.row_factory = sqlite3.Row
    return connection


def _encrypted(path: Path, root: RootKey, address: str = "", **options: Any) -> sqlite3.Connection:
    module = sqlcipher()
    connection: sqlite3.Connection = module.connect(address or str(path), uri=bool(address), **options)
    connection.row_factory = module.Row
    connection.execute(f'PRAGMA key = "{_key(root)}"')
    return connection


def encrypt(path: Path, target: Path, root: RootKey) -> None:
    """Write what a plain database holds to a new file, encrypted. Raises CorruptState where it can't be read."""
    module = sqlcipher()
    try:
        with closing(module.connect(str(path), isolation_level=None)) as database:
            database.execute(f'ATTACH ? AS encrypted KEY "{_key(root)}"', (str(target),))
            database.execute("SELECT sqlcipher_export('encrypted')")
    except sqlite3.DatabaseError as error:
        raise CorruptState(f"{path} cannot be read ({error}); restore a copy of the folder.") from None


def require_key(path: Path, root: RootKey | None) -> None:
    """Raise CorruptState where a database is encrypted and the root key is another, or not there."""
    head = _head(path)
    if not head.startswith(_MARK):
        return
    if root is None:
        raise CorruptState(f"{path} is encrypted: name the file of its root key with --encrypt-at-rest.")
    if head != _salt(root):
        raise CorruptState(f"{path} is encrypted with another root key: name its file with --encrypt-at-rest.")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(_PLAIN))
    except FileNotFoundError:
        return b""


def _key(root: RootKey) -> str:
    """The key as SQLCipher takes one that is not to be derived from a password, with the salt."""
    return f"x'{root.derived(_PURPOSE).hex()}{_salt(root).hex()}'"


def _salt(root: RootKey) -> bytes:
    """What the file begins with, as long as SQLCipher's salt."""
    return _MARK + root.derived(_PURPOSE + b" which")[: len(_PLAIN) - len(_MARK)]


@cache
def sqlcipher() -> ModuleType:
    """The module in place of sqlite3, its errors made kinds of sqlite3's, so that who handles those handles both."""
    try:
        from sqlcipher3 import dbapi2
    except ImportError:
        raise CorruptState(
            "--encrypt-at-rest needs SQLCipher, which is not installed: pip install 'healthcare-cloud-poc[encryption]'"
        ) from None
    for name in _ERRORS:
        kind, known = getattr(dbapi2, f"{name}Error"), getattr(sqlite3, f"{name}Error")
        if not issubclass(kind, known):
            kind.__bases__ = (*kind.__bases__, known)
    with closing(dbapi2.connect(":memory:")) as connection:  # of all from here on
        connection.execute("PRAGMA cipher_default_hmac_algorithm = HMAC_SHA256")  # fastest
    module: ModuleType = dbapi2
    return module
