"""What the other services use in-process: buckets and objects, without HTTP; only what says so checks rights."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emulator.services.storage import access, errors, keys
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets import rules
from emulator.services.storage.buckets.policies import default_policy
from emulator.services.storage.names import check_object_name
from emulator.services.storage.objects import rows
from emulator.services.storage.objects.changes import Change, Draft
from emulator.services.storage.objects.rows import StoredObject
from emulator.settings import project_number
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

__all__ = [
    "StoredObject",
    "create_bucket_in",
    "delete_in",
    "get_bucket",
    "get_object",
    "iter_objects",
    "may",
    "may_write",
    "put_in",
    "put_object",
    "require_open",
    "require_payer",
]


def get_bucket(context: Context, bucket: str) -> dict[str, Any]:
    """The Bucket resource as the JSON API shows it. Raises ApiError 404."""
    found = buckets.require(context.db, bucket)
    return found.view(context.settings.base_url, project_number(found.project))


def create_bucket_in(tx: sqlite3.Connection, context: Context, project: str, bucket: str, location: str) -> None:
    """Create a bucket with uniform access in the caller's write, as a service does that keeps its own in a project.

    Raises ApiError 409 where the name is taken.
    """
    now = int(context.clock.seconds() * 1_000_000)
    uniform = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    body = rules.created({"location": location, **uniform}, bucket, now, object_retention=False)
    made = buckets.Bucket(bucket, project, 1, now, now, body)
    buckets.insert(tx, made)
    context.policies.set(tx, made.resource, default_policy(made))


def may(context: Context, principal: str, permission: str, bucket: str, name: str = "") -> bool:
    """Whether `principal` holds `permission` on a bucket, or on the object `name` in it, which need not be there.

    Raises ApiError 404 for no such bucket.
    """
    return access.may(context, principal, buckets.require(context.db, bucket), permission, name)


def may_write(context: Context, principal: str, bucket: str, name: str) -> bool:
    """Whether `principal` may write the object `name`: who replaces one needs the permission to delete it, too.

    Cloud Storage: IAM permissions for JSON methods, objects.insert. Raises ApiError 404 for no such bucket.
    """
    if not may(context, principal, "storage.objects.create", bucket, name):
        return False
    return get_object(context, bucket, name) is None or may(context, principal, "storage.objects.delete", bucket, name)


def require_payer(context: Context, bucket: str, principal: str) -> None:
    """Raise 400 where the bucket is requester pays and `principal`, who names no project to bill, may not bill its own.

    Services that read a bucket on their own have no project to name. Raises ApiError 404 for no such bucket.
    """
    if access.needs_payer(context, buckets.require(context.db, bucket), principal):
        raise errors.user_project_missing()


def require_open(context: Context, found: StoredObject) -> None:
    """Raise 400 or 403 in Cloud Storage's words where the key that encrypted an object can't decrypt it any more."""
    keys.require_open(context, found)


def iter_objects(context: Context, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
    """The live objects whose name begins with `prefix`, in order of name, at constant memory. Raises ApiError 404."""
    buckets.require(context.db, bucket)
    return rows.iterate(context.db, bucket, prefix)


def get_object(context: Context, bucket: str, name: str) -> StoredObject | None:
    """The live object of that name; its bytes are emulator.blobs.stream(found.blob_id)."""
    return rows.live(context.db, bucket, name)


async def put_object(context: Context, bucket: str, name: str, data: bytes | Blob, content_type: str) -> StoredObject:
    """Store an object with all effects of an upload: versions, soft delete, notifications. Durable on return.

    data is the bytes, or a finished blob of emulator.blobs. Raises ApiError 404 for no such bucket, 403 where what is
    there may not be replaced (hold, retention).
    """
    blob = data if isinstance(data, Blob) else await context.blobs.put(data)
    return await context.db.write(put_in, context, bucket, name, blob, content_type)


def put_in(
    tx: sqlite3.Connection, context: Context, bucket: str, name: str, blob: Blob, content_type: str
) -> StoredObject:
    """The same inside a write of the caller's, so that both happen or neither does."""
    check_object_name(name)
    return Change(context, tx, bucket).store(Draft(name, blob, {}, content_type))


def delete_in(tx: sqlite3.Connection, context: Context, bucket: str, name: str) -> None:
    """Delete the live object inside a write of the caller's. Raises ApiError 404, 403."""
    Change(context, tx, bucket).delete(name, None)
