"""Which texts Google's parser takes for a URI: those that Go's net/url parses, nearly all of RFC 3986 and more."""

import re

PLAIN = re.compile(r"(?:https?://[a-z0-9.\-]+(?:/[!-$&-~]*)?|urn:[!-$&-~]*|[A-Za-z]+(?:[/?][!-$&-~]*)?)")
"""Most of them, also Patient/1 and Patient?name=Ann: without % and blanks."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PORT = re.compile(r"(?::[0-9]*)?")
_NOT_IN_HOST = re.compile(r"[\x00-\x20\"#<>\\^`{|}%?/@]")
_NOT_IN_USER = re.compile(r"[^A-Za-z0-9\-._:~!$&'()*+,;=%@]")


def is_url(text: str) -> bool:
    """Whether Go's url.Parse takes a text: relative references, the empty text and blanks in a path included."""
    if PLAIN.fullmatch(text):
        return True
    if _CONTROL.search(text):
        return False
    rest, _, fragment = text.partition("#")
    if _BAD_ESCAPE.search(fragment):
        return False
    scheme = _SCHEME.match(rest)
    if rest.startswith(":"):
        return False
    rest = (rest[scheme.end() :] if scheme else rest).partition("?")[0]
    if scheme and not rest.startswith("/"):
        return True  # opaque, such as urn:oid:1.2
    if not scheme and ":" in rest.partition("/")[0]:
        return False
    return _is_hierarchy(rest)


def _is_hierarchy(rest: str) -> bool:
    if not rest.startswith("//") or rest.startswith("///"):
        return not _BAD_ESCAPE.search(rest)
    authority, _, path = rest[2:].partition("/")
    user, at, host = authority.rpartition("@")
    if at and (_NOT_IN_USER.search(user) or _BAD_ESCAPE.search(user)):
        return False
    return _is_host(host) and not _BAD_ESCAPE.search(path)


def _is_host(host: str) -> bool:
    if host.startswith("["):
        name, end, port = host.partition("]")
        return bool(end) and bool(_PORT.fullmatch(port))
    name, colon, port = host.rpartition(":")
    if not colon:
        return not _NOT_IN_HOST.search(host)
    return port.isdecimal() | (port == "") and not _NOT_IN_HOST.search(name)
