"""python -m emulator snapshot: save, restore, list and delete states, by name or file, whether it runs or not."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emulator.commands import call, locked, owner_token
from emulator.errors import ApiError
from emulator.serving.server import StartError, read_run_file, require_state
from emulator.state import packing, snapshots
from emulator.state.folder import CorruptState
from emulator.state.root_key import RootKey, read

_SECONDS = 600.0  # of the largest state
_PATH = "/_emulator/snapshots"


def run(state: Path, action: str, target: str, key: Path | None = None) -> int:
    """Do one action. A target with a slash or .tar at its end is a file, any other a name.

    key is the file of an encrypted state's root key, which saving needs where no emulator runs, or to a file.
    """
    require_state(state)
    if key is not None and not key.is_file():
        raise StartError(f"There is no root key {key}; name the one that the state was started with.")
    actions = {"restore": _restore, "list": _list, "delete": _delete}
    try:
        if action == "save":
            _save(state, target, read(key) if key is not None else None)
        else:
            actions[action](state, target)
    except ApiError as error:
        raise StartError(error.message) from None
    except CorruptState as error:
        raise StartError(str(error)) from None
    return 0


def _save(state: Path, target: str, root: RootKey | None) -> None:
    if _is_file(target):
        with _passing(state) as name:
            save(state, name, root)
            packing.pack(state, name, Path(target).expanduser(), root)
    else:
        save(state, target, root)
    print(f"Saved as {target}.")


def _restore(state: Path, target: str) -> None:
    if _is_file(target):
        if not Path(target).expanduser().is_file():
            raise StartError(f"There is no file {target}.")
        with _passing(state) as name:
            packing.unpack(state, Path(target).expanduser(), name)
            restore(state, name)
    else:
        restore(state, target)
    print(f"The state in {state} is what it was in {target}.")


def _list(state: Path, _: str) -> None:
    for each in snapshots.listed(state):
        print(f"{each.name}  {each.created}  {each.size / 1e6:.1f} MB")


def _delete(state: Path, target: str) -> None:
    if _is_file(target):
        raise StartError(f"{target} is a file; delete it as any other.")
    delete(state, target)
    print(f"Deleted {target}.")


def save(state: Path, name: str, root: RootKey | None = None) -> None:
    """Save the state in a folder under a name."""
    if not _asked(state, "POST", "", {"name": name}):
        with locked(state):
            snapshots.save(state, name, root)


def restore(state: Path, name: str) -> None:
    """Put a snapshot in the place of the state in a folder."""
    if not _asked(state, "POST", f"/{quote(name)}:restore", {}):
        with locked(state):
            snapshots.restore(state, name)


def delete(state: Path, name: str) -> None:
    """Delete a snapshot of a folder."""
    if not _asked(state, "DELETE", f"/{quote(name)}", None):
        with locked(state):
            snapshots.delete(state, name)


def _asked(state: Path, method: str, path: str, body: dict[str, Any] | None) -> bool:
    """Whether an emulator runs on the folder, and did it."""
    running = read_run_file(state)
    if running is not None:
        call(running, method, _PATH + path, token=owner_token(state), timeout=_SECONDS, body=body)
    return running is not None


@contextmanager
def _passing(state: Path) -> Iterator[str]:
    """The name for a snapshot that is on its way to or from a file, and gone at the end."""
    name = f"file-{secrets.token_hex(8)}"
    try:
        yield name
    finally:
        if any(each.name == name for each in snapshots.listed(state)):
            delete(state, name)


def _is_file(target: str) -> bool:
    return "/" in target or target.endswith(".tar")
