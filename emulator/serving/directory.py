"""The discovery documents of what is emulated, for programs that ask for them: bq, and builders of clients.

https://developers.google.com/discovery/v1/reference/apis/getRest and https://API.googleapis.com/$discovery/rest. Their
addresses are those of the emulator. Anybody may read them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.errors import not_found
from emulator.gateway import discovery

if TYPE_CHECKING:
    from emulator.context import Context

_OF_HOST = "/$discovery/rest"
_NAMED = re.compile(r"/discovery/v1/apis/([a-z]+)/([a-z0-9]+)/rest")


def is_path(raw_path: str) -> bool:
    """Whether a document is asked for at a path."""
    if not raw_path.startswith(("/$", "/%24", "/discovery/")):  # asked of every path
        return False
    return raw_path.replace("%24", "$") == _OF_HOST or _NAMED.fullmatch(raw_path) is not None


def published(context: Context, raw_path: str, query: dict[str, str], base_url: str) -> dict[str, Any]:
    """The document of an API and version; where only a version is named, that of the first service that has it.

    Google tells APIs apart by their hosts there, and all are at one host here. Raises 404 for one that is not emulated.
    """
    found = _NAMED.fullmatch(raw_path)
    api, version = found.groups() if found is not None else ("", query.get("version", "v1"))
    for service in context.services:
        for document in context.documents(service):
            name, _, own = document.name.partition(".")
            if own != version or name != (api or name):
                continue
            if (whole := discovery.published(document.name)) is not None:
                return _here(whole, base_url)
    raise not_found(f"No API {api or '(any)'} of version {version[:40]} is emulated; docs/coverage.md lists them.")


def _here(document: dict[str, Any], base_url: str) -> dict[str, Any]:
    """The document with the emulator's address, and no others."""
    places = {
        "rootUrl": f"{base_url}/",
        "baseUrl": f"{base_url}/{document.get('servicePath', '')}",
        "basePath": f"/{document.get('servicePath', '')}",
    }
    left_out = ("mtlsRootUrl", "endpoints", "icons")
    return {key: value for key, value in document.items() if key not in left_out} | places
