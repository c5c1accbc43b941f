"""Values as Terraform sends them: MessagePack, in which an extension stands for what is not known yet."""

from __future__ import annotations

from typing import Any

import msgpack

from emulator.provider.values import UNKNOWN

_UNKNOWN = msgpack.ExtType(0, b"\0")
"""What is in it says more about the value, and nothing here asks."""


def unpack(data: bytes) -> Any:
    """The value of some bytes; UNKNOWN for any extension. Raises ValueError for bytes that are none."""
    try:
        return msgpack.unpackb(data, ext_hook=lambda _kind, _data: UNKNOWN)
    except ValueError:  # some of the library's say nothing
        raise ValueError("These bytes are no value of MessagePack, or end too early.") from None


def pack(value: Any) -> bytes:
    """A value as bytes: None, UNKNOWN, a boolean, a number, a text, a list or a mapping of these."""
    return bytes(msgpack.packb(value, default=_other))


def _other(value: Any) -> Any:
    return _UNKNOWN if value is UNKNOWN else dict(value)
