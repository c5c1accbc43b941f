"""FARM_FINGERPRINT: FarmHash's Fingerprint64 of some bytes.

https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#farm_fingerprint and
https://github.com/google/farmhash: the hash differs by length, four ways.
"""

from __future__ import annotations

MASK = (1 << 64) - 1
K0, K1, K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
SEED = 81


def fingerprint(data: bytes) -> int:
    """The fingerprint as a signed integer of 64 bits."""
    value = _unsigned(data)
    return value - (1 << 64) if value >> 63 else value


def _unsigned(data: bytes) -> int:
    if len(data) <= 16:
        return _up_to_16(data)
    if len(data) <= 32:
        return _up_to_32(data)
    if len(data) <= 64:
        return _up_to_64(data)
    return _longer(data)


def _word(data: bytes, at: int, size: int = 8) -> int:
    """A little-endian word; at counts from the end where it is negative."""
    start = at if at >= 0 else len(data) + at
    return int.from_bytes(data[start : start + size], "little")


def _rotated(value: int, shift: int) -> int:
    value &= MASK
    return (value >> shift | value << (64 - shift)) & MASK


def _mixed(value: int) -> int:
    value &= MASK
    return value ^ value >> 47


def _pair(low: int, high: int, factor: int) -> int:
    """Two words as one."""
    first = _mixed((low ^ high) * factor)
    return _mixed((high ^ first) * factor) * factor & MASK


def _up_to_16(data: bytes) -> int:
    size = len(data)
    factor = K2 + size * 2
    if size >= 8:
        first, last = _word(data, 0) + K2, _word(data, -8)
        high = _rotated(last, 37) * factor + first
        low = (_rotated(first, 25) + last) * factor
        return _pair(high & MASK, low & MASK, factor)
    if size >= 4:
        return _pair(size + (_word(data, 0, 4) << 3), _word(data, -4, 4), factor)
    if size:
        low = data[0] + (data[size >> 1] << 8)
        return _mixed(low * K2 ^ (size + (data[-1] << 2)) * K0) * K2 & MASK
    return K2


def _up_to_32(data: bytes) -> int:
    factor = K2 + len(data) * 2
    a, b = _word(data, 0) * K1, _word(data, 8)
    c, d = _word(data, -8) * factor, _word(data, -16) * K2
    low = _rotated(a + b, 43) + _rotated(c, 30) + d
    return _pair(low & MASK, (a + _rotated(b + K2, 18) + c) & MASK, factor)


def _up_to_64(data: bytes) -> int:
    factor = K2 + len(data) * 2
    a, b = _word(data, 0) * K2, _word(data, 8)
    c, d = _word(data, -8) * factor, _word(data, -16) * K2
    y = (_rotated(a + b, 43) + _rotated(c, 30) + d) & MASK
    z = _pair(y, (a + _rotated(b + K2, 18) + c) & MASK, factor)
    e, f = _word(data, 16) * factor, _word(data, 24)
    g, h = (y + _word(data, -32)) * factor, (z + _word(data, -24)) * factor
    low = _rotated(e + f, 43) + _rotated(g, 30) + h
    return _pair(low & MASK, (e + _rotated(f + a, 18) + g) & MASK, factor)


def _block(data: bytes, at: int, first: int, second: int) -> tuple[int, int]:
    """32 bytes and two seeds as two words."""
    w, x, y, z = (_word(data, at + step) for step in (0, 8, 16, 24))
    first += w
    second = _rotated(second + first + z, 21)
    before = first
    first += x + y
    second += _rotated(first, 44)
    return (first + z) & MASK, (second + before) & MASK


def _round(
    data: bytes, at: int, state: tuple[int, int, int], v: tuple[int, int], w: tuple[int, int], factor: int, scale: int
) -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
    x, y, z = state
    x = _rotated(x + y + v[0] + _word(data, at + 8), 37) * factor
    y = _rotated(y + v[1] + _word(data, at + 48), 42) * factor
    x ^= w[1] * scale
    y += v[0] * scale + _word(data, at + 40)
    z = _rotated(z + w[0], 33) * factor
    new_v = _block(data, at, v[1] * factor, x + w[0])
    new_w = _block(data, at + 32, z + w[1], y + _word(data, at + 16))
    return x & MASK, y & MASK, z & MASK, new_v, new_w


def _longer(data: bytes) -> int:
    """Blocks of 64 bytes, then the last 64 bytes, which may overlap them."""
    x, y = SEED, SEED * K1 + 113
    z = _mixed(y * K2 + 113) * K2
    x = x * K2 + _word(data, 0)
    v, w = (0, 0), (0, 0)
    for at in range(0, (len(data) - 1) // 64 * 64, 64):
        x, y, z, v, w = _round(data, at, (x, y, z), v, w, K1, 1)
        x, z = z, x
    factor = (K1 + ((z & 0xFF) << 1)) & MASK
    w = ((w[0] + ((len(data) - 1) & 63)) & MASK, w[1])
    v = ((v[0] + w[0]) & MASK, v[1])
    w = ((w[0] + v[0]) & MASK, w[1])
    x, y, z, v, w = _round(data, len(data) - 64, (x, y, z), v, w, factor, 9)
    x, z = z, x
    low = _pair(v[0], w[0], factor) + _mixed(y) * K0 + z
    return _pair(low & MASK, (_pair(v[1], w[1], factor) + x) & MASK, factor)
