"""Entries of calls that are alike, whose JSON is made once and filled with what differs: names and the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from emulator.gateway import audit_shape
from emulator.gateway.request import Request

_MOST = 1000
_GAP = "\0"
"""Stands where something is to be filled in; neither a name nor a header has it."""
Form = tuple[bytes, bytes, bytes, bytes]
Key = tuple[object, ...]


class Forms:
    """The forms of entries of calls that went well, by all that the entry says beside names and the time."""

    def __init__(self) -> None:
        """None is known yet."""
        self._known: dict[Key, Form] = {}

    def filled(
        self,
        request: Request,
        permission: str,
        resource: str,
        project: str,
        time: str,
        make: Callable[[], dict[str, Any]],
    ) -> bytes:
        """The entry of a call as JSON without its last brace; b"" where it may say more than others of its form.

        `make` makes the entry of this call, for its form.
        """
        name = request.name
        scope = audit_shape.scope(name)
        if not scope or audit_shape.scope(resource) != scope or audit_shape.says_more(request):
            return b""
        agent = request.headers.get("user-agent", "")[: audit_shape.LONGEST]
        key = request.method.id, request.principal, request.via, permission, project, scope, request.caller, agent
        form = self._known.get(key)
        if form is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            form = self._known[key] = _form(make())
        on = orjson.dumps(resource)
        begin, middle, after, end = form
        return b"".join((begin, on if name == resource else orjson.dumps(name), middle, on, after, time.encode(), end))


def _form(entry: dict[str, Any]) -> Form:
    """The JSON of an entry in the parts between its resource's name, that of the permission's, and the time."""
    payload = entry["protoPayload"]
    payload["resourceName"] = payload["authorizationInfo"][0]["resource"] = _GAP
    payload["requestMetadata"]["requestAttributes"]["time"] = _GAP
    begin, middle, after, end = orjson.dumps(entry)[:-1].split(orjson.dumps(_GAP))
    return begin, middle, after + b'"', b'"' + end
