"""Names of buckets and objects: what is allowed in them.

Rules: https://cloud.google.com/storage/docs/buckets#naming and https://cloud.google.com/storage/docs/objects#naming.
"""

from __future__ import annotations

import base64
import re

from emulator.services.storage import errors
from emulator.varint import varint

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_IP_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_RESERVED = re.compile(r"^goog|g[o0][o0]g[l1]e|^\.well-known")
MAX_OBJECT_NAME = 1024


def check_bucket_name(name: str) -> None:
    """Refuse (400) a bucket name that Cloud Storage would refuse.

    3 to 63 characters of a-z 0-9 - _ and dots (222 with dots, 63 between two), beginning and ending with a letter or a
    digit, no IP address, not beginning with "goog" nor holding "google" or a look-alike.
    """
    parts = name.split(".")
    limit = 222 if len(parts) > 1 else 63
    if (
        not 3 <= len(name) <= limit
        or not all(_LABEL.fullmatch(part) for part in parts)
        or _IP_ADDRESS.fullmatch(name)
        or _RESERVED.search(name)
    ):
        raise errors.invalid(f"Invalid bucket name: '{name}'")


def check_object_name(name: str) -> None:
    """Refuse (400) an object name that Cloud Storage refuses: empty, over 1024 bytes of UTF-8, CR, LF, `.`, `..`."""
    if not name:
        raise errors.required("name")
    if name in (".", "..") or "\r" in name or "\n" in name or name.startswith(".well-known/acme-challenge/"):
        raise errors.invalid(f"Invalid object name: '{name}'")
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise errors.invalid("The object name is not valid UTF-8.") from error
    if size > MAX_OBJECT_NAME:
        raise errors.invalid(f"The object name is {size} bytes long; the limit is {MAX_OBJECT_NAME} bytes of UTF-8.")


def successor(prefix: str) -> str | None:
    """The smallest string above every string that begins with `prefix`, in UTF-8 order; None where there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            following = 0xE000 if last == 0xD7FF else last + 1
            return prefix[:-1] + chr(following)
        prefix = prefix[:-1]
    return None


def bucket_etag(metageneration: int) -> str:
    """The etag of a bucket, made as Google makes it: "CAE=" for metageneration 1."""
    return base64.b64encode(b"\x08" + varint(metageneration)).decode()


def object_etag(generation: int, metageneration: int) -> str:
    """The etag of an object: changes with its bytes and with its metadata."""
    return base64.b64encode(b"\x08" + varint(generation) + b"\x10" + varint(metageneration)).decode()
