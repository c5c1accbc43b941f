"""Cloud Storage: the JSON API with its uploads, downloads and batches."""

from emulator.services.storage import batch, housekeeping
from emulator.services.storage.buckets import methods as bucket_methods
from emulator.services.storage.buckets import notifications, policies
from emulator.services.storage.objects import copies, sessions, uploads
from emulator.services.storage.objects import methods as object_methods
from emulator.services.storage.service import SERVICE

__all__ = [
    "SERVICE",
    "batch",
    "bucket_methods",
    "copies",
    "housekeeping",
    "notifications",
    "object_methods",
    "policies",
    "sessions",
    "uploads",
]
