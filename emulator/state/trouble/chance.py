"""Numbers that look like chance and follow from a seed and names alone, whatever was drawn before."""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

_NORMAL = NormalDist()
_Z95, _Z99 = _NORMAL.inv_cdf(0.95), _NORMAL.inv_cdf(0.99)
_SLOWEST = 4.0
"""Standard deviations beyond which no answer is slower: one call of 30,000 would be."""


def fraction(seed: int, *names: object) -> float:
    """A number from 0 to below 1, the same on every machine for the same seed and names (BLAKE2b)."""
    text = "\x1f".join(map(str, (seed, *names)))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / (1 << 53)


def between(part: float, least: float, most: float) -> float:
    """The value at a part (0 to 1) of the way from least to most."""
    return least + part * (most - least)


def latency(part: float, p50: float, p95: float, p99: float) -> float:
    """Seconds at a part (0 to 1) of a distribution with these percentiles, all above 0.

    Lognormal between each two of them: the logarithm is a straight line over the normal distribution's quantile.
    """
    z = min(_NORMAL.inv_cdf(min(max(part, 1e-12), 1 - 1e-12)), _SLOWEST)
    low, high, over = math.log(p50), math.log(p95), math.log(p99)
    if z <= _Z95:
        return math.exp(low + z * (high - low) / _Z95)
    return math.exp(high + (z - _Z95) * (over - high) / (_Z99 - _Z95))
