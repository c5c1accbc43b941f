"""Snapshots of a state: its databases are copied, files of blobs, which never change, are shared.

A snapshot is a folder `snapshots/NAME` of the state's folder. It is made and put back while nothing has the state open.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.errors import already_exists, invalid_argument, not_found
from emulator.state import encrypted_sqlite
from emulator.state.folder import (
    DATABASE,
    FOLDERS,
    SNAPSHOTS,
    CorruptState,
    is_complete,
    new_folder,
    replace,
    sync_below,
)
from emulator.state.root_key import RootKey

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class Snapshot:
    """A state that was saved. size is bytes of databases; what blobs take is shared with the state."""

    name: str
    created: str
    size: int

    def to_json(self) -> dict[str, Any]:
        """As the endpoint and the command show it."""
        return {"name": self.name, "createTime": self.created, "sizeBytes": self.size}


def save(state: Path, name: str, root: RootKey | None = None) -> Snapshot:
    """Save a state under a name; a 409 where there is such a snapshot.

    root is the root key of an encrypted state. Raises CorruptState where it is another, or not there.
    """
    require_free(state, name)
    new = new_folder(state / SNAPSHOTS)
    try:
        _copy_database(state / DATABASE, new / DATABASE, root)
        _copy_folders(state, new)
        sync_below(new)
        new.rename(state / SNAPSHOTS / name)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return _of(state / SNAPSHOTS / name)


def restore(state: Path, name: str) -> None:
    """Put a snapshot in the place of the state; the snapshot stays. A 404 where there is none of that name."""
    kept = require(state, name)

    def write(folder: Path) -> None:
        shutil.copyfile(kept / DATABASE, folder / DATABASE)
        _copy_folders(kept, folder)
        sync_below(folder)

    replace(state, write)


def listed(state: Path) -> list[Snapshot]:
    """All snapshots, by name."""
    return [_of(path) for path in sorted(_folders(state / SNAPSHOTS)) if is_complete(path)]


def delete(state: Path, name: str) -> None:
    """Delete a snapshot; blobs that were only its own are left to the sweep. A 404 where there is none."""
    kept = require(state, name)
    new = new_folder(state / SNAPSHOTS)
    kept.rename(new / name)
    shutil.rmtree(new)


def require(state: Path, name: str) -> Path:
    """The folder of a snapshot; a 404 where there is none, a 400 for what is no name."""
    path = _place(state, name)
    if not path.is_dir():
        names = ", ".join(each.name for each in listed(state)) or "none"
        raise not_found(f"There is no snapshot {name}; there are: {names}.")
    return path


def require_free(state: Path, name: str) -> None:
    """Raise a 409 where a snapshot has that name, a 400 for what is no name."""
    if _place(state, name).exists():
        raise already_exists(f"There is a snapshot {name} already; delete it first, or take another name.")


class Held:
    """Which blobs snapshots name: their files stay when the state no longer names them."""

    def __init__(self, folder: Path, root: RootKey | None = None) -> None:
        self._folder = folder
        self._root = root
        self._changed = 0
        self._databases: list[sqlite3.Connection] = []
        self._unread = False

    def __contains__(self, blob_id: str) -> bool:
        """Whether a snapshot names the blob, or may, being of another root key; asked on the database's thread only."""
        self._look()
        if self._unread:
            return True
        sql = "SELECT 1 FROM blobs WHERE id = ?"
        return any(database.execute(sql, (blob_id,)).fetchone() is not None for database in self._databases)

    def ids(self) -> set[str]:
        """The ids of all blobs that snapshots name. Raises CorruptState for one whose root key this is not."""
        found: set[str] = set()
        for path in _folders(self._folder):
            with contextlib.suppress(sqlite3.DatabaseError), closing(self._opened(path)) as database:  # coming or going
                found.update(row[0] for row in database.execute("SELECT id FROM blobs"))
        return found

    def close(self) -> None:
        """Close what is open."""
        for database in self._databases:
            database.close()
        self._databases, self._unread = [], False

    def _look(self) -> None:
        """Open the snapshots that there are, where any has come or gone since the last look."""
        try:
            changed = os.stat(self._folder).st_mtime_ns  # noqa: PTH116  a third of Path.stat's time, for each blob
        except FileNotFoundError:
            changed = 0
        if changed != self._changed:
            self.close()
            try:
                self._databases = [self._opened(path) for path in _folders(self._folder) if is_complete(path)]
            except CorruptState:
                self._unread = True
            self._changed = changed

    def _opened(self, snapshot: Path) -> sqlite3.Connection:
        address = f"file:{quote(str(snapshot / DATABASE))}?mode=ro&immutable=1"
        return encrypted_sqlite.connect(snapshot / DATABASE, self._root, address, check_same_thread=False)


def _place(state: Path, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise invalid_argument(f'"{name[:80]}" is no name of a snapshot: letters, digits and _ . - after the first.')
    return state / SNAPSHOTS / name


def _folders(snapshots: Path) -> list[Path]:
    return [path for path in snapshots.iterdir() if (path / DATABASE).exists()] if snapshots.is_dir() else []


def _of(path: Path) -> Snapshot:
    created = datetime.fromtimestamp((path / DATABASE).stat().st_mtime, UTC).replace(tzinfo=None)
    size = sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return Snapshot(path.name, created.isoformat(timespec="microseconds") + "Z", size)


def _copy_database(source: Path, target: Path, root: RootKey | None) -> None:
    """Copy a database with what is in its write-ahead log, under the same root key."""
    connect = encrypted_sqlite.connect
    with closing(connect(source, root)) as database, closing(connect(target, root)) as copy:
        copy.execute("PRAGMA synchronous=OFF")  # the caller syncs the file once
        database.backup(copy)


def _copy_folders(source: Path, target: Path) -> None:
    for name in FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, copy_function=shutil.copyfile)
        else:
            (target / name).mkdir(mode=0o700)
