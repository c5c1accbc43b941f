"""The folder of one emulator: the files in it that are not its state, and putting another state in its place."""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

RUN_FILE = "emulator.json"
LOCK_FILE = "lock"
LOG_FILE = "emulator.log"
TLS_AUTHORITY = "tls-ca.pem"
TLS_SERVER = "tls-server.pem"
BOTO = "gsutil.boto"
DATABASE = "state.sqlite"
BLOBS = "blobs"
SNAPSHOTS = "snapshots"
RECORDINGS = "recordings"
FOLDERS = ("bigquery", "uploads")
"""What changes in place beside the database; blobs never change."""
_NEW = ".new-"
_REPLACEMENT = "replacement"
_SECRETS = ("owner-token", "signing-secret", "credentials.json")
KEPT_AT_RESET = frozenset((RUN_FILE, LOCK_FILE, LOG_FILE, TLS_AUTHORITY, TLS_SERVER, BOTO, RECORDINGS, *_SECRETS))


class CorruptState(Exception):
    """The database in the folder cannot be read; the message says where it is and what to do."""


def empty(state: Path) -> None:
    """Delete the state; snapshots stay, and the owner's token and the key file, so that shells that know them go on.

    Files of blobs are left for the sweep that follows the next start: of many it takes seconds.
    """
    replace(state, _write_nothing)
    for path in state.iterdir():
        if path.name not in KEPT_AT_RESET and path.name not in (DATABASE, BLOBS, SNAPSHOTS, *FOLDERS):
            _remove(path)


def replace(state: Path, write: Callable[[Path], None]) -> None:
    """Put the state that `write` writes into an empty folder in the place of the one in `state`, which is not in use.

    A crash at any moment leaves the old state or the new one: from the one rename on, `finish` goes on to the end.
    """
    finish(state)
    new = new_folder(state)
    write(new)
    new.rename(state / _REPLACEMENT)
    finish(state)


def finish(state: Path) -> None:
    """Complete a replacement of the state that a crash cut off; what had not come so far is dropped."""
    for path in (*state.glob(f"{_NEW}*"), *state.glob(f"{SNAPSHOTS}/{_NEW}*")):
        shutil.rmtree(path, ignore_errors=True)
    replacement = state / _REPLACEMENT
    if not replacement.exists():
        return
    for name in (DATABASE, *FOLDERS):
        if (replacement / name).exists():  # else it was moved before the crash
            for old in (f"{name}-wal", f"{name}-shm", name):
                _remove(state / old)
            (replacement / name).rename(state / name)
    replacement.rmdir()


def new_folder(parent: Path) -> Path:
    """An empty folder whose name says that what it will hold is not complete."""
    path = parent / f"{_NEW}{secrets.token_hex(4)}"
    path.mkdir(parents=True, mode=0o700)
    return path


def is_complete(path: Path) -> bool:
    """Whether a folder made by `new_folder` has got its name."""
    return not path.name.startswith(_NEW)


def sync_below(folder: Path) -> None:
    """Have the disk keep all files of a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)


def _write_nothing(folder: Path) -> None:
    (folder / DATABASE).touch(mode=0o600)  # which SQLite takes for a database without tables
    for name in FOLDERS:
        (folder / name).mkdir(mode=0o700)


def _remove(path: Path) -> None:
    """Delete a file or a folder; the folder is put aside first, because a thread may still be about to write to it."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    aside = path.with_name(f"{_NEW}{secrets.token_hex(4)}")
    path.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)
