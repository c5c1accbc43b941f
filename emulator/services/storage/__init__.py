"""Cloud Storage: the JSON API with its uploads, downloads and batches, and the XML API's objects."""

from emulator.services.storage.buckets import methods as bucket_methods
from emulator.services.storage.buckets import notifications, policies
from emulator.services.storage.objects import methods as object_methods
from emulator.services.storage.objects import sessions, uploads
from emulator.services.storage.service import SERVICE

__all__ = ["SERVICE", "bucket_methods", "notifications", "object_methods", "policies", "sessions", "uploads"]
