"""Pages of bundles: _count and _page_token in, links out."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.errors import ApiError, invalid_argument
from emulator.fhir.search.moments import Interval, moment
from emulator.gateway import paging
from emulator.gateway.paging import Asked
from emulator.services.healthcare.fhir import errors

DEFAULT, MOST = 100, 1000
"""Cloud Healthcare: _count of searches and histories."""
PAGE = "_page_token"
_SPECIAL = re.compile(rb"[^\w.~-]", re.ASCII)
_ESCAPES = {code: f"%{code:02X}" for code in range(128) if _SPECIAL.match(bytes((code,)))}
OF_TRANSPORT = frozenset(("access_token", "key", "alt", "$alt", "prettyPrint", "quotaUser", "fields", "_format"))
"""Parameters that say how an answer is carried, and nothing of what is wanted."""


def _refusal(message: str) -> ApiError:
    return invalid_argument(message)


def asked(query: Mapping[str, Any], *kinds: type) -> Asked:
    """The page that _count and _page_token ask for; 400 for a negative count, or a token that is none."""
    values = {"_count": query.get("_count"), "pageToken": query.get(PAGE)}
    return paging.asked(values, DEFAULT, MOST, *kinds, size="_count", refuse=_refusal)


def link(relation: str, address: str, query: list[tuple[str, str]], token: str = "") -> dict[str, str]:
    """A link of a bundle: the parameters that count, and the token of a page."""
    kept = [(name, value) for name, value in query if name not in OF_TRANSPORT and name != PAGE]
    if token:
        kept.append((PAGE, token))
    text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in kept)
    return {"relation": relation, "url": f"{address}/?{text}"}


def links(
    address: str, query: list[tuple[str, str]], following: str = "", previous: str | None = None
) -> list[dict[str, str]]:
    """The links of a page to the next one, the one before and itself.

    following   the token of the next page, "" where there is none
    previous    the token of the page before, "" where that is the first one, None where there is none
    """
    found = [link("next", address, query, following)] if following else []
    if previous is not None:
        found.append(link("previous", address, query, previous))
    return [*found, link("self", address, query)]


def _quoted(text: str) -> str:
    """A text as part of a query string (RFC 3986 2.3)."""
    if text.isascii():
        return text.translate(_ESCAPES)
    return _SPECIAL.sub(lambda found: b"%%%02X" % found[0][0], text.encode()).decode()


def moment_in(query: Mapping[str, Any], name: str) -> Interval | None:
    """The interval that a date or an instant stands for; None where there is none, 400 for what is neither."""
    text = str(query.get(name) or "").replace(" ", "+")  # a + that nobody encoded
    if not text:
        return None
    found = moment(text)
    if found is None:
        sentence = f"{name} {text[:40]!r} is no date or instant, such as 2015-02-07T13:28:17.239+02:00"
        raise errors.bad_request("invalid_parameter", sentence)
    return found
