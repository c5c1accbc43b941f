"""Names of columns for extensions, which have URLs only."""

import re

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")
_SCHEME = re.compile(r"https?://")


def short(url: str) -> str:
    """The last part of a URL as a column's name: birth_place for http://example.org/birth-place."""
    return _column(url.removesuffix("/").rpartition("/")[2])


def full(url: str) -> str:
    """A whole URL as a column's name: example_org_birth_place."""
    return _column(_SCHEME.sub("", url, count=1))


def _column(text: str) -> str:
    name = _NOT_IN_NAMES.sub("_", text)
    return name if not name or name[0].isalpha() or name[0] == "_" else f"_{name}"
