"""Keys of Cloud KMS that encrypt objects: which one a new object has, and whether an object can still be read.

https://cloud.google.com/storage/docs/encryption/customer-managed-keys
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.cloudkms import api as cloudkms
from emulator.services.serviceusage.catalogue import agent_email
from emulator.services.storage import errors
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects.rows import StoredObject, Tx

if TYPE_CHECKING:
    from emulator.context import Context

_KEY = "kmsKeyName"
_REFUSALS = cloudkms.Refusals(
    denied=lambda said, _key, _agent: errors.no_access_to_key(said),
    malformed=errors.bad_key,
    elsewhere=errors.key_elsewhere,
    disabled=lambda version: errors.key_disabled(cloudkms.violation(version)),
)


def require_default(context: Context, project: str, location: str, key: str | None) -> None:
    """Nothing, or the refusal of a key that can't be a bucket's default: see `for_new`."""
    if key:
        cloudkms.version_for(context, key, _user(project), location)


def for_new(context: Context, bucket: Bucket, named: str | None, tx: sqlite3.Connection | None = None) -> str | None:
    """The name of the version that encrypts a new object: of the key `named`, or of the bucket's default one.

    None where there is neither. Raises 400 and 403 for a key that Cloud Storage can't use.
    """
    key = named or bucket.body.get("encryption", {}).get("defaultKmsKeyName")
    return cloudkms.version_for(context, key, _user(bucket.project), bucket.body["location"], tx) if key else None


def require_open(context: Context, stored: StoredObject, tx: sqlite3.Connection | None = None) -> None:
    """Nothing, or the 400 or 403 where the version that encrypted an object can't decrypt it any more."""
    key = stored.settings.get(_KEY)
    if key:
        bucket = buckets.require(Tx(tx) if tx is not None else context.db, stored.bucket)
        cloudkms.require_open(context, key, _user(bucket.project), tx)


def version_of(stored: StoredObject) -> str:
    """The name of the version that encrypted an object, "" for none."""
    return str(stored.settings.get(_KEY) or "")


def is_open(context: Context, stored: StoredObject) -> bool:
    """Whether an object's bytes, and its checksums, which its key encrypts too, can be read."""
    try:
        require_open(context, stored)
    except ApiError:
        return False
    return True


def _user(project: str) -> cloudkms.User:
    return cloudkms.User(agent_email("storage", project), _REFUSALS, inside=True)
