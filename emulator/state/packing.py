"""A snapshot in one file that needs nothing else: a tar archive of its databases and of the blobs that they name."""

from __future__ import annotations

import os
import shutil
import tarfile
from contextlib import closing
from pathlib import Path, PurePosixPath

from emulator.errors import invalid_argument
from emulator.state.encrypted_sqlite import connect
from emulator.state.folder import BLOBS, DATABASE, FOLDERS, SNAPSHOTS, new_folder, sync_below
from emulator.state.root_key import RootKey
from emulator.state.snapshots import require, require_free


def pack(state: Path, name: str, file: Path, root: RootKey | None = None) -> None:
    """Write a snapshot to a file, which is there whole or not at all; only its owner may read it.

    root is the root key of an encrypted one. Raises CorruptState where it is another, or not there.
    """
    folder = require(state, name)
    partial = file.with_name(f"{file.name}.part")
    partial.unlink(missing_ok=True)
    try:
        with open(partial, "xb", opener=_private) as raw, tarfile.open(fileobj=raw, mode="w") as archive:
            for part in (DATABASE, *FOLDERS):
                archive.add(folder / part, part)
            for blob in _blobs(folder, root):
                archive.add(state / BLOBS / blob, f"{BLOBS}/{blob}")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def unpack(state: Path, file: Path, name: str) -> None:
    """Make a snapshot of a file; a 409 where there is one of that name, a 400 for a file that holds no snapshot."""
    require_free(state, name)
    new = new_folder(state / SNAPSHOTS)
    try:
        with tarfile.open(file) as archive:
            for member in archive:  # the database comes first: from then on a sweep leaves the blobs alone
                _take(archive, member, state, new)
        if not all((new / part).exists() for part in (DATABASE, *FOLDERS)):
            raise invalid_argument(f"{file} holds no snapshot of an emulator.")
        sync_below(new)
        new.rename(state / SNAPSHOTS / name)
    except tarfile.TarError as error:
        raise invalid_argument(f"{file} is no snapshot that was saved to a file: {error}.") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, state: Path, new: Path) -> None:
    path = PurePosixPath(member.name)
    known = path.parts[:1] in {(part,) for part in (DATABASE, BLOBS, *FOLDERS)} and ".." not in path.parts
    if not known or not (member.isfile() or member.isdir()):
        raise invalid_argument(f"{member.name[:200]} in the file is no part of a snapshot.")
    target = (state if path.parts[0] == BLOBS else new) / path
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = archive.extractfile(member)
    if content is None or target.exists():  # a blob of that id has the same bytes
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    with partial.open("wb") as written:
        shutil.copyfileobj(content, written)
        os.fdatasync(written.fileno())
    partial.replace(target)


def _blobs(folder: Path, root: RootKey | None) -> list[str]:
    """The places of all blobs of a snapshot below the folder of blobs."""
    with closing(connect(folder / DATABASE, root)) as database:
        database.execute("PRAGMA query_only=ON")
        return [f"{row[0][:2]}/{row[0]}" for row in database.execute("SELECT id FROM blobs")]


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
