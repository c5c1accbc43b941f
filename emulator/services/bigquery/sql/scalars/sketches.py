"""HLL_COUNT: sketches by which distinct values are counted without keeping them (HyperLogLog).

https://cloud.google.com/bigquery/docs/reference/standard-sql/hll_functions. A value counts by a hash of 64 bits. A
sketch keeps the hashes themselves as long as they take no more room than 2**precision registers of a byte, and counts
them exactly until then; the registers are counted by O. Ertl's estimator ("New cardinality estimation algorithms for
HyperLogLog sketches", https://arxiv.org/abs/1702.01284, algorithm 6). The bytes are not those of Google's sketches.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from emulator.services.bigquery.sql.scalars.errors import ScalarError

LEAST, MOST = 10, 24  # HLL_COUNT.INIT: of the precision
HASH = struct.Struct(">Q")
BITS = HASH.size * 8
_HEAD = struct.Struct(">4sBBB")  # what follows, the type, the precision, and whether hashes or registers come
_MARK = b"HLL\x01"
_INTEGER = 0  # of any size
_TYPES = {"DECIMAL": 1, "BIGNUM": 2, "VARCHAR": 3, "BLOB": 4}  # the engine's, of the values


@dataclass(frozen=True)
class Sketch:
    """The hashes of values of a type, each once, or the registers of a precision, which have their highest ranks."""

    kind: int
    precision: int
    hashes: Collection[int] | None
    registers: bytes = b""

    @classmethod
    def of(cls, data: bytes) -> Sketch:
        """The sketch that some bytes are. Raises ScalarError for others."""
        body = memoryview(data)[_HEAD.size :]
        if len(data) >= _HEAD.size:
            mark, kind, precision, is_dense = _HEAD.unpack_from(data)
            if mark == _MARK and kind <= max(_TYPES.values()) and LEAST <= precision <= MOST and is_dense <= 1:
                if is_dense and len(body) == 1 << precision and max(body) <= BITS - precision + 1:
                    return cls(kind, precision, None, bytes(body))
                if not is_dense and len(body) % HASH.size == 0:
                    return cls(kind, precision, frozenset(value for (value,) in HASH.iter_unpack(body)))
        raise ScalarError("Invalid or incompatible sketch: HLL_COUNT takes what HLL_COUNT.INIT or MERGE_PARTIAL gave")

    def written(self) -> bytes:
        """The bytes of the sketch."""
        if self.hashes is not None and len(self.hashes) * HASH.size > 1 << self.precision:
            return self.at(self.precision).written()
        body = self.registers if self.hashes is None else b"".join(map(HASH.pack, sorted(self.hashes)))
        return _HEAD.pack(_MARK, self.kind, self.precision, self.hashes is None) + body

    def at(self, precision: int) -> Sketch:
        """The same with registers of that precision, which is not above its own."""
        registers = bytearray(1 << precision)
        if self.hashes is not None:
            for value in self.hashes:
                place, rank = value >> BITS - precision, _rank(value, BITS - precision)
                registers[place] = max(registers[place], rank)
        elif precision == self.precision:
            return self
        else:
            lost = self.precision - precision  # bits of a register's number that are bits of the hash again
            for number, rank in enumerate(self.registers):
                if rank:
                    low = number & (1 << lost) - 1
                    place = number >> lost
                    registers[place] = max(registers[place], _rank(low, lost) if low else rank + lost)
        return Sketch(self.kind, precision, None, bytes(registers))

    def count(self) -> int:
        """About how many distinct values it has seen."""
        return len(self.hashes) if self.hashes is not None else _estimate(self.registers, self.precision)


def sketch(hashes: Sequence[int], kind: str, precision: int) -> bytes:
    """The sketch of the values of a type of the engine with these hashes. Raises ScalarError for a precision."""
    if not LEAST <= precision <= MOST:
        raise ScalarError(f"HLL_COUNT.INIT: the precision is from {LEAST} to {MOST}, not {precision}")
    return Sketch(_TYPES.get(kind.partition("(")[0], _INTEGER), precision, hashes).written()


def merged(sketches: Sequence[bytes]) -> bytes:
    """The sketch of all values, at the lowest precision. Raises ScalarError for sketches of several types."""
    read = [Sketch.of(data) for data in dict.fromkeys(sketches)]
    if len({each.kind for each in read}) > 1:
        raise ScalarError("Invalid or incompatible sketch: HLL_COUNT merges sketches of values of one type")
    kind, precision = read[0].kind, min(each.precision for each in read)
    hashes: frozenset[int] = frozenset().union(*(each.hashes for each in read if each.hashes is not None))
    result = Sketch(kind, precision, hashes)
    for each in read:
        if each.hashes is None:
            pairs = zip(result.at(precision).registers, each.at(precision).registers, strict=True)
            result = Sketch(kind, precision, None, bytes(map(max, pairs)))
    return result.written()


def counted(data: bytes) -> int:
    """About how many distinct values a sketch has seen. Raises ScalarError for other bytes."""
    return Sketch.of(data).count()


def _rank(value: int, bits: int) -> int:
    """The place of the first 1 among the last bits of a value, from the left and 1; one more than these without any."""
    return bits - (value & (1 << bits) - 1).bit_length() + 1


def _estimate(registers: bytes, precision: int) -> int:
    size, most = 1 << precision, BITS - precision
    number = Counter(registers)
    total = size * _tau(1 - number[most + 1] / size)
    for rank in range(most, 0, -1):
        total = (total + number[rank]) / 2
    return round(size * size / (2 * math.log(2) * (total + size * _sigma(number[0] / size))))


def _sigma(share: float) -> float:
    """Ertl's sum for registers without any value, of which there is no full set here."""
    total, factor, before = share, 1.0, -1.0
    while total != before:
        share *= share
        before, total = total, total + share * factor
        factor *= 2
    return total


def _tau(share: float) -> float:
    """Ertl's sum for registers whose rank is the highest."""
    if share in (0, 1):
        return 0.0
    total, factor, before = 1 - share, 1.0, -1.0
    while total != before:
        share = math.sqrt(share)
        factor /= 2
        before, total = total, total - (1 - share) ** 2 * factor
    return total / 3
