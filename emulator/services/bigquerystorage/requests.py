"""What the handlers share: the message that was sent, and the table that a name is of."""

from __future__ import annotations

from typing import Any

from emulator.errors import invalid_argument, not_implemented
from emulator.gateway.request import Request
from emulator.services.bigquery.names import TableName


def message_of(request: Request) -> Any:
    """What the gRPC method was sent. Raises a 501 where the request came otherwise: REST has none of these methods."""
    if request.body is None:
        raise not_implemented(f"{request.method.id} is served over gRPC only.")
    return request.body


def table_of(name: str) -> TableName:
    """The table of projects/P/datasets/D/tables/T, or of a name below it. Raises a 400 for another name."""
    parts = name.split("/")
    if len(parts) < 6 or not all(parts) or parts[0::2][:3] != ["projects", "datasets", "tables"]:
        raise invalid_argument(f'"{name[:200]}" does not begin as projects/PROJECT/datasets/DATASET/tables/TABLE.')
    return TableName(parts[1], parts[3], parts[5].partition("$")[0])


def on_table(request: Request) -> str:
    """The table that the request names, for permission checks."""
    return table_of(request.name).resource if request.name else ""


def on_project(request: Request) -> str:
    """The project that the request names, for permission checks."""
    return "/".join(request.name.split("/")[:2])
