"""What a browser asks of pages that the emulator serves beside the APIs: addresses, forms, and what they can do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.gateway.request import Response

if TYPE_CHECKING:
    from emulator.context import Context

Control = Callable[[str, str, str, dict[str, str], dict[str, Any]], Awaitable[Response]]


@dataclass(frozen=True)
class Visit:
    """One request of a browser.

    path is as it was sent, still percent-encoded; query and form have the last value of each name. control answers as
    an endpoint of the emulator's own does (principal, verb, path below /_emulator/, query, body) and raises ApiError;
    current gives the emulator that answers from then on, another one after a restore.
    """

    http: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    control: Control
    current: Callable[[], Context]
