"""storage.buckets IAM: getIamPolicy, setIamPolicy, testIamPermissions."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.errors import ApiError
from emulator.gateway.request import Answer, Request
from emulator.services.storage import access, errors
from emulator.services.storage.buckets import rows
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.service import handles

PUBLIC = ("allUsers", "allAuthenticatedUsers")


def default_policy(bucket: Bucket) -> dict[str, Any]:
    """The policy of a new bucket: the project's owners, editors and viewers keep what their basic roles promise.

    The two object roles stand for the default ACL (projectPrivate) where access is not uniform.
    """
    owners = [f"projectEditor:{bucket.project}", f"projectOwner:{bucket.project}"]
    viewers = [f"projectViewer:{bucket.project}"]
    return {
        "bindings": [
            {"role": "roles/storage.legacyBucketOwner", "members": owners},
            {"role": "roles/storage.legacyBucketReader", "members": viewers},
            {"role": "roles/storage.legacyObjectOwner", "members": owners},
            {"role": "roles/storage.legacyObjectReader", "members": viewers},
        ]
    }


def _view(bucket: Bucket, policy: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{bucket.name}", **policy}


@handles("storage.buckets.getIamPolicy")
async def get_policy(request: Request) -> Answer:
    """Read a bucket's policy."""
    bucket = access.bucket_for(request, "storage.buckets.getIamPolicy")
    return _view(bucket, request.context.policies.shown(bucket.resource, request))


@handles("storage.buckets.setIamPolicy")
async def set_policy(request: Request) -> Answer:
    """Replace a bucket's policy; 412 for a stale etag."""
    bucket = access.bucket_for(request, "storage.buckets.setIamPolicy")
    policy = {key: value for key, value in request.body.items() if value is not None}
    if bucket.public_access_prevented:
        members = {member for binding in policy.get("bindings", []) for member in binding.get("members", [])}
        if not members.isdisjoint(PUBLIC):
            raise errors.public_access_prevented()

    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        try:
            return request.context.policies.set(tx, bucket.resource, policy)
        except ApiError as error:
            if error.status == "ABORTED":
                raise errors.condition_not_met() from None
            raise

    return _view(bucket, await request.context.db.write(step))


@handles("storage.buckets.testIamPermissions")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on the bucket."""
    bucket = rows.require(request.context.db, request.path["bucket"])
    wanted = request.query.get("permissions", [])
    for permission in wanted:
        if not permission.startswith("storage."):
            raise errors.invalid(f"Permission {permission} is not valid for this resource.")
    held = [permission for permission in wanted if access.allows(request, bucket, permission)]
    return {"kind": "storage#testIamPermissionsResponse", **({"permissions": held} if held else {})}
