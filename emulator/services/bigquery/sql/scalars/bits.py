"""Bitwise operators on BYTES, as BigQuery has them: bits of big-endian numbers as long as the value.

https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#bitwise_operators
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from emulator.services.bigquery.sql.scalars.errors import ScalarError

OPERATORS: dict[str, Callable[[int, int], int]] = {"&": operator.and_, "|": operator.or_, "^": operator.xor}


def combined(one: bytes, symbol: str, other: bytes) -> bytes:
    """one & other, one | other or one ^ other. Raises ScalarError where they have different lengths."""
    if len(one) != len(other):
        raise ScalarError(
            f"Bitwise binary operator for BYTES requires equal length of the inputs. Got {len(one)} bytes "
            f"on the left hand side and {len(other)} bytes on the right hand side."
        )
    number = OPERATORS[symbol](int.from_bytes(one), int.from_bytes(other))
    return number.to_bytes(len(one))


def inverted(value: bytes) -> bytes:
    """~value."""
    return bytes(byte ^ 0xFF for byte in value)


def shifted(value: bytes, symbol: str, count: int) -> bytes:
    """value << count or value >> count; bits beyond the value are lost. Raises ScalarError for a negative count."""
    if count < 0:
        raise ScalarError(f"Bitwise binary operator {symbol} requires a non-negative shift count, not {count}")
    size = len(value)
    if count >= size * 8:
        return bytes(size)
    number = int.from_bytes(value)
    moved = number << count if symbol == "<<" else number >> count
    return (moved & ((1 << size * 8) - 1)).to_bytes(size)
