"""Cloud Logging: entries (written by clients and by the emulator itself), logs, sinks and buckets."""

from emulator.services.logging import buckets, entries, exports, routing, sinks
from emulator.services.logging.service import SERVICE

__all__ = ["SERVICE", "buckets", "entries", "exports", "routing", "sinks"]
