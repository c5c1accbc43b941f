"""How numbers, times and names are written on all pages."""

from __future__ import annotations

import re

from emulator.console.html import Html, join, tag

_BREAKS = re.compile(r"(?<=[./@])")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)")


def number(value: object) -> str:
    """A count as people read it: 5,000."""
    return f"{int(str(value)):,}"


def several(value: object, one: str, more: str) -> str:
    """A count with what is counted: 1 study, 5,000 studies."""
    return f"{number(value)} {one if int(str(value)) == 1 else more}"


def name(text: str) -> Html:
    """A long name that may be broken into lines after its dots, slashes and @."""
    first, *others = _BREAKS.split(text)
    return join(first, *((tag("wbr"), part) for part in others))


def moment(text: str) -> Html | str:
    """A time in RFC 3339 and UTC to the second, in one line; any other text as it is."""
    found = _TIME.fullmatch(text)
    return tag("time", f"{found[1]} {found[2]}", datetime=text) if found else text
