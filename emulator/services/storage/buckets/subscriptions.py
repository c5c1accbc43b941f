"""Buckets that Pub/Sub's subscriptions write to (Pub/Sub: "Cloud Storage subscriptions")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.services.pubsub.destinations import checks, denied
from emulator.services.storage import access
from emulator.services.storage.buckets import rows

if TYPE_CHECKING:
    from emulator.context import Context

_PERMISSIONS = ("storage.buckets.get", "storage.objects.create")


@checks("cloudStorageConfig")
def check_bucket(context: Context, config: dict[str, Any], writer: str) -> None:
    """Raise 403 where the member `writer` may not write to the bucket, 404 for none."""
    bucket = rows.require(context.db, config.get("bucket", ""))
    if not all(access.may(context, writer, bucket, permission) for permission in _PERMISSIONS):
        raise denied()
