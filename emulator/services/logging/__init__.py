"""Cloud Logging: entries (written by clients and by the emulator itself), logs, sinks, buckets, log-based metrics."""

from emulator.services.logging import buckets, entries, exports, metrics, routing, sinks
from emulator.services.logging.service import SERVICE

__all__ = ["SERVICE", "buckets", "entries", "exports", "metrics", "routing", "sinks"]
