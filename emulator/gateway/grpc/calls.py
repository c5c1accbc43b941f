"""How a unary gRPC method reads as one of the REST API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """A gRPC method as a REST one.

    request and response are protobuf classes; `path` maps a variable of the REST path to the dotted field that holds
    it; `query` are fields that become parameters; `body` is "*" for all that is left, a field's name, or "" for none.
    """

    method_id: str
    request: Any
    response: Any
    path: dict[str, str]
    query: tuple[str, ...] = ()
    body: str = "*"
