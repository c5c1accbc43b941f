"""What a patch changes: the fields that its mask names."""

from typing import Any

from emulator.errors import invalid_argument
from emulator.gateway import validation
from emulator.gateway.collections import apply_path
from emulator.gateway.request import Request

Json = dict[str, Any]


def changed(request: Request, allowed: frozenset[str]) -> list[str]:
    """The paths that a request's updateMask names; 400 for none, and for a field that is not allowed to change."""
    text = request.query.get("updateMask")
    if not text:
        raise invalid_argument("updateMask is required: name the fields to change.")
    paths = validation.field_mask(text)
    for path in paths:
        if path.partition(".")[0] not in allowed:
            raise validation.unknown_mask(path)
    return paths


def applied(old: Json, request: Request, paths: list[str]) -> Json:
    """A resource's body with what a patch changes in it."""
    body = dict(old)
    for path in paths:
        apply_path(body, request.body or {}, path)
    return body
