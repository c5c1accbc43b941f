"""Cloud Storage: the JSON API with its uploads, downloads and batches, and objects of the XML API."""

from emulator.services.storage import batch, hmac_keys, housekeeping
from emulator.services.storage.acls import methods as acl_methods
from emulator.services.storage.buckets import methods as bucket_methods
from emulator.services.storage.buckets import notifications, policies, subscriptions
from emulator.services.storage.objects import copies, insert
from emulator.services.storage.objects import methods as object_methods
from emulator.services.storage.service import SERVICE
from emulator.services.storage.xml import buckets as xml_buckets
from emulator.services.storage.xml import forms
from emulator.services.storage.xml import objects as xml_objects

__all__ = [
    "SERVICE",
    "acl_methods",
    "batch",
    "bucket_methods",
    "copies",
    "forms",
    "hmac_keys",
    "housekeeping",
    "insert",
    "notifications",
    "object_methods",
    "policies",
    "subscriptions",
    "xml_buckets",
    "xml_objects",
]
