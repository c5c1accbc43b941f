"""Cloud Logging: entries (written by clients and by the emulator itself), logs, sinks, buckets, log-based metrics."""

from emulator.services.logging import (
    buckets,
    encrypting,
    entries,
    exclusions,
    exports,
    keys,
    metrics,
    routing,
    sinks,
    views,
)
from emulator.services.logging.service import SERVICE

__all__ = [
    "SERVICE",
    "buckets",
    "encrypting",
    "entries",
    "exclusions",
    "exports",
    "keys",
    "metrics",
    "routing",
    "sinks",
    "views",
]
