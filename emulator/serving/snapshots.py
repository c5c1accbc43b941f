"""/_emulator/snapshots: save, restore, list and delete states; the owner's only."""

from __future__ import annotations

import functools
from typing import Any

from emulator.errors import failed_precondition, not_found
from emulator.gateway.request import Response
from emulator.serving.renewal import Current
from emulator.state import snapshots
from emulator.state.encrypted_sqlite import require_key
from emulator.state.folder import DATABASE, CorruptState

PATH = "/_emulator/snapshots"
_RESTORE = ":restore"


def is_path(raw_path: str) -> bool:
    """Whether a path is of snapshots."""
    return raw_path == PATH or raw_path.startswith(f"{PATH}/")


async def answer(current: Current, http: str, raw_path: str, body: dict[str, Any]) -> Response:
    """The answer to the owner's request; a 404 for a path and verb that are none."""
    state = current.emulator.settings.state
    name = raw_path.removeprefix(PATH).removeprefix("/")
    if (http, name) == ("GET", ""):
        return Response.json({"snapshots": [each.to_json() for each in snapshots.listed(state)]})
    if (http, name) == ("POST", ""):
        return await _save(current, str(body.get("name", "")))
    if http == "POST" and name.endswith(_RESTORE):
        return await _restore(current, name.removesuffix(_RESTORE))
    if http == "DELETE" and name:
        return await _delete(current, name)
    raise not_found(f"The emulator has no endpoint {http} {raw_path[:200]}.")


async def _save(current: Current, name: str) -> Response:
    snapshots.require_free(current.emulator.settings.state, name)  # before any call is disturbed
    saved = await current.renew(functools.partial(snapshots.save, name=name, root=current.emulator.root_key))
    return Response.json(saved.to_json())


async def _restore(current: Current, name: str) -> Response:
    kept = snapshots.require(current.emulator.settings.state, name)
    try:
        require_key(kept / DATABASE, current.emulator.root_key)
    except CorruptState as problem:
        raise failed_precondition(str(problem)) from None
    await current.renew(functools.partial(snapshots.restore, name=name))
    return Response.json({})


async def _delete(current: Current, name: str) -> Response:
    emulator = current.emulator
    await emulator.blobs.run(snapshots.delete, emulator.settings.state, name)
    await emulator.blobs.run(emulator.blobs.sweep)
    return Response.json({})
