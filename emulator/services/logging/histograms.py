"""Distributions that are counted value by value (google.api.Distribution): buckets, mean, squared deviation."""

from __future__ import annotations

import bisect
import itertools
from typing import Any

from emulator.errors import invalid_argument

# Cloud Logging: a distribution metric without bucket options has 64 exponential buckets from 0.01, each twice as wide.
DEFAULT = {"exponentialBuckets": {"numFiniteBuckets": 64, "growthFactor": 2.0, "scale": 0.01}}
_MOST = 200  # buckets (Cloud Logging: quotas of log-based metrics)


def bounds(options: dict[str, Any]) -> list[float]:
    """The finite bounds of buckets in their order. Raises a 400 for options that give none, or too many."""
    found: list[float] = []
    if explicit := options.get("explicitBuckets"):
        found = [float(each) for each in explicit.get("bounds", [])]
    elif linear := options.get("linearBuckets"):
        number = _number(linear)
        found = [float(linear.get("offset", 0)) + float(linear.get("width", 0)) * step for step in range(number + 1)]
    elif exponential := options.get("exponentialBuckets"):
        number, scale = _number(exponential), float(exponential.get("scale", 0))
        found = [scale * float(exponential.get("growthFactor", 0)) ** step for step in range(number + 1)]
    if not found or len(found) > _MOST or any(low >= high for low, high in itertools.pairwise(found)):
        raise invalid_argument(f"bucketOptions must give 1 to {_MOST} bounds, each above the one before it.")
    return found


def _number(buckets: dict[str, Any]) -> int:
    number = int(buckets.get("numFiniteBuckets", 0))
    if not 0 < number <= _MOST:
        raise invalid_argument(f"numFiniteBuckets must be from 1 to {_MOST}.")
    return number


def add(counted: dict[str, Any], value: float, limits: list[float]) -> None:
    """Count a value in {"total", "squares", "counts"}, where `counts` has the buckets by number."""
    counted["total"] = counted.get("total", 0.0) + value
    counted["squares"] = counted.get("squares", 0.0) + value * value
    counts = counted.setdefault("counts", {})
    bucket = str(bisect.bisect_right(limits, value))
    counts[bucket] = counts.get(bucket, 0) + 1


def merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    """Add what was counted elsewhere."""
    into["total"] = into.get("total", 0.0) + other.get("total", 0.0)
    into["squares"] = into.get("squares", 0.0) + other.get("squares", 0.0)
    counts = into.setdefault("counts", {})
    for bucket, count in other.get("counts", {}).items():
        counts[bucket] = counts.get(bucket, 0) + count


def shown(count: int, counted: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """The Distribution of what was counted, in JSON."""
    counts = counted.get("counts", {})
    last = max(map(int, counts), default=-1)
    mean = counted.get("total", 0.0) / count if count else 0.0
    return {
        "count": str(count),
        "mean": mean,
        "sumOfSquaredDeviation": max(0.0, counted.get("squares", 0.0) - mean * mean * count),
        "bucketOptions": options,
        "bucketCounts": [str(counts.get(str(bucket), 0)) for bucket in range(last + 1)],
    }
