"""The console's style, script and icon: files of its own, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from emulator.gateway.request import Response

_FOLDER = Path(__file__).parent
_TYPES = {
    "icon.svg": "image/svg+xml",
    "script.js": "text/javascript; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
}


@cache
def find(name: str) -> Response | None:
    """The file of that name, or None; it holds nothing that is anybody's."""
    media = _TYPES.get(name)
    if media is None:
        return None
    headers = {"content-type": media, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(200, headers, (_FOLDER / name).read_bytes())
