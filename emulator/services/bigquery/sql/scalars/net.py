"""NET.*: addresses as BYTES of 4 or 16, and the host of a URL.

https://cloud.google.com/bigquery/docs/reference/standard-sql/net_functions
"""

from __future__ import annotations

import re
import socket

from emulator.services.bigquery.sql.scalars.errors import ScalarError

FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}  # by length in bytes
# RFC 3986, appendix B, and what the reference adds: no scheme, or one without //.
URL = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*+):)?(?P<slashes>//)?(?P<authority>[^/?#\\]*+)")
PORT = re.compile(r":\d*+\Z")


def ip_from_string(text: str) -> bytes:
    """NET.IP_FROM_STRING. Raises ScalarError for what is no address."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        raise ScalarError(f"Invalid IP address: {text}") from None


def ip_to_string(address: bytes) -> str:
    """NET.IP_TO_STRING. Raises ScalarError for another length than 4 and 16."""
    return socket.inet_ntop(FAMILIES[_length("IP_TO_STRING", address)], address)


def ip_net_mask(length: int, prefix: int) -> bytes:
    """NET.IP_NET_MASK: as many bytes, of whose bits the first are 1. Raises ScalarError."""
    if length not in FAMILIES:
        raise ScalarError(f"The first argument of NET.IP_NET_MASK() must be either 4 or 16; got {length}")
    return _mask("IP_NET_MASK", length, prefix).to_bytes(length, "big")


def ip_trunc(address: bytes, prefix: int) -> bytes:
    """NET.IP_TRUNC: an address with all bits after the first ones 0. Raises ScalarError."""
    length = _length("IP_TRUNC", address)
    return (int.from_bytes(address, "big") & _mask("IP_TRUNC", length, prefix)).to_bytes(length, "big")


def ipv4_from_int64(number: int) -> bytes:
    """NET.IPV4_FROM_INT64, which takes a negative number, too. Raises ScalarError for more than 32 bits."""
    if not -(2**31) <= number < 2**32:
        raise ScalarError(f"NET.IPV4_FROM_INT64() encountered an out-of-range value: {number}")
    return (number % 2**32).to_bytes(4, "big")


def ipv4_to_int64(address: bytes) -> int:
    """NET.IPV4_TO_INT64. Raises ScalarError for another length than 4."""
    if len(address) != 4:
        raise ScalarError(f"The argument of NET.IPV4_TO_INT64() must be 4 bytes; got {len(address)}")
    return int.from_bytes(address, "big")


def host(url: str | None) -> str | None:
    """NET.HOST, as it is written; None where there is none."""
    match = URL.match(url.strip()) if url is not None else None
    if match is None:
        return None
    if match["scheme"] and not match["slashes"] and not match["authority"].isdigit():
        return str(match["scheme"])  # mailto: and its like, which the function does not know
    written = match["authority"] if match["slashes"] or not match["scheme"] else f"{match['scheme']}"
    return PORT.sub("", written.rpartition("@")[2]) or None


def _length(name: str, address: bytes) -> int:
    if len(address) not in FAMILIES:
        raise ScalarError(f"The argument of NET.{name}() must be either 4 or 16 bytes; got {len(address)}")
    return len(address)


def _mask(name: str, length: int, prefix: int) -> int:
    bits = 8 * length
    if not 0 <= prefix <= bits:
        raise ScalarError(f"The prefix length of NET.{name}() must be between 0 and {bits}; got {prefix}")
    return (1 << bits) - (1 << bits - prefix)
