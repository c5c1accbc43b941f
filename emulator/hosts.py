"""Hosts in headers and addresses that anybody may have written: read without an error for what is none."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from emulator.settings import LOOPBACK


def split(address: str) -> SplitResult | None:
    """An address in its parts; None for one that can't be read, such as `http://[`."""
    try:
        parts = urlsplit(address)
        parts.hostname, parts.port  # noqa: B018  which are read here, and may be none
    except ValueError:
        return None
    return parts


def host_of(address: str) -> str:
    """The host of an address in small letters, "" where it has none or can't be read."""
    parts = split(address)
    return (parts.hostname or "") if parts is not None else ""


def is_loopback(address: str) -> bool:
    """Whether the host of an address is this machine, by a name or number that always is."""
    return host_of(address) in LOOPBACK
