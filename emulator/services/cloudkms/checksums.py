"""Fields of bytes in requests, with the CRC32C that clients send and check (Cloud KMS: "Verifying integrity")."""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c

from emulator.errors import invalid_argument
from emulator.gateway.request import Request

LIMIT = 64 << 10
"""EncryptRequest.plaintext: "for SOFTWARE keys, the plaintext must be no larger than 64KiB"."""


def read(request: Request, name: str, limit: int = LIMIT) -> bytes:
    """The bytes of a field; 400 for one that is too large, and for a checksum that does not fit."""
    data = base64.b64decode(request.body.get(name) or "")
    if len(data) > limit:
        raise invalid_argument(f"{name} has {len(data)} bytes; at most {limit} are allowed.")
    check(request, name, data)
    return data


def check(request: Request, name: str, data: bytes) -> None:
    """Raise a 400 where the request has a checksum of a field that does not fit its bytes."""
    checksum = request.body.get(f"{name}Crc32c")
    if checksum is not None and checksum != of(data):
        raise invalid_argument(f"{name}Crc32c does not fit {name}: it was damaged on the way.")


def verified(request: Request, *names: str) -> dict[str, bool]:
    """What an answer says of the checksums that the request had."""
    asked = [name for name in names if request.body.get(f"{name}Crc32c") is not None]
    return {f"verified{name[0].upper()}{name[1:]}Crc32c": True for name in asked}


def shown(name: str, data: bytes) -> dict[str, Any]:
    """A field of bytes in an answer, with its checksum."""
    return {name: base64.b64encode(data).decode(), f"{name}Crc32c": of(data)}


def of(data: bytes) -> str:
    """The CRC32C of bytes, as clients read it: a decimal number."""
    return str(google_crc32c.value(data))
