"""The Object resource of the JSON API, as answers and notifications show it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.names import object_etag
from emulator.services.storage.objects.protection import expiration
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.tables import NONCURRENT, SOFT_DELETED, timestamp


def object_view(stored: StoredObject, bucket: Bucket, base_url: str) -> dict[str, Any]:
    """The resource of one version; links begin with `base_url`, the address that the caller used."""
    path = f"storage/v1/b/{stored.bucket}/o/{quote(stored.name, safe='')}"
    created = timestamp(stored.created)
    body: dict[str, Any] = {
        "kind": "storage#object",
        "id": f"{stored.bucket}/{stored.name}/{stored.generation}",
        "selfLink": f"{base_url}/{path}",
        "mediaLink": f"{base_url}/download/{path}?generation={stored.generation}&alt=media",
        "name": stored.name,
        "bucket": stored.bucket,
        "generation": str(stored.generation),
        "metageneration": str(stored.metageneration),
        "storageClass": stored.storage_class,
        "size": str(stored.size),
        "crc32c": stored.crc32c,
        "etag": object_etag(stored.generation, stored.metageneration),
        "timeCreated": created,
        "updated": created if stored.updated == stored.created else timestamp(stored.updated),
        "timeStorageClassUpdated": created
        if stored.class_updated == stored.created
        else timestamp(stored.class_updated),
        "timeFinalized": created,
    }
    if stored.content_type is not None:
        body["contentType"] = stored.content_type
    if stored.md5 is not None:
        body["md5Hash"] = stored.md5
    if stored.components is not None:
        body["componentCount"] = stored.components
    until = expiration(bucket, stored)
    if until is not None:
        body["retentionExpirationTime"] = timestamp(until)
    if stored.state == NONCURRENT and stored.noncurrent is not None:
        body["timeDeleted"] = timestamp(stored.noncurrent)
    if stored.state == SOFT_DELETED and stored.soft_deleted is not None and stored.hard_delete is not None:
        body["softDeleteTime"] = timestamp(stored.soft_deleted)
        body["hardDeleteTime"] = timestamp(stored.hard_delete)
    body.update(stored.settings)
    body.pop("acl", None)
    return body
