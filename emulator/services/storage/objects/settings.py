"""What a caller may set on an object: content headers, metadata, holds, retention, custom time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.services.storage import errors
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.buckets.rules import STORAGE_CLASSES, merge
from emulator.services.storage.objects.protection import check_retention
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.tables import exact_timestamp, microseconds

FIELDS = (
    "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contexts", "customTime",
    "eventBasedHold", "metadata", "retention", "temporaryHold",
)  # fmt: skip
HEADERS = ("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage")
METADATA_LIMIT = 8192


def of_new(bucket: Bucket, body: dict[str, Any], now: int, key: str | None = None) -> dict[str, Any]:
    """The settings of a new object from its resource `body`; key is the name of the version that encrypts it."""
    settings = {key: body[key] for key in FIELDS if body.get(key) is not None}
    if body.get("acl") is not None:
        settings["acl"] = body["acl"]
    if bucket.body.get("defaultEventBasedHold"):
        settings.setdefault("eventBasedHold", True)
    if key:
        settings["kmsKeyName"] = key
    return _checked(bucket, {}, settings, now, override=False)


def patched(
    bucket: Bucket, stored: StoredObject, patch: dict[str, Any], now: int, *, whole: bool, override: bool
) -> StoredObject:
    """The version after a PATCH (objects merge key by key, null removes), or after a PUT where `whole`.

    Raises 400 for values that Cloud Storage refuses, 403 where that would weaken the object's retention.
    """
    old = stored.settings
    changes = {key: patch[key] for key in (*FIELDS, "acl") if key in patch}
    if whole:
        settings = {key: value for key, value in changes.items() if value is not None}
        settings |= {key: old[key] for key in ("acl", "kmsKeyName", "retention") if key in old and key not in changes}
        content_type = patch.get("contentType")
    else:
        settings = merge(old, changes)
        content_type = patch.get("contentType", stored.content_type)
    check_header("contentType", content_type)
    settings = _checked(bucket, old, settings, now, override=override)
    released = old.get("eventBasedHold") and not settings.get("eventBasedHold")
    changed = replace(
        stored,
        content_type=content_type,
        metageneration=stored.metageneration + 1,
        updated=now,
        retain_from=now if released else stored.retain_from,
    )
    return changed.with_settings(settings)


def check_header(field: str, value: str | None) -> None:
    """Refuse (400) what cannot travel in a header of the download."""
    if value is not None and not value.isprintable():
        raise errors.invalid(f"Invalid {field}: it holds a control character.")


def storage_class(bucket: Bucket, wanted: str | None) -> str:
    """The class of a new object: the one asked for, or the bucket's. Raises 400 for an unknown one."""
    if wanted is None:
        return bucket.storage_class
    if wanted not in STORAGE_CLASSES:
        raise errors.invalid(f"Invalid storage class '{wanted}'; use one of {', '.join(STORAGE_CLASSES)}.")
    return wanted


def _checked(
    bucket: Bucket, old: dict[str, Any], settings: dict[str, Any], now: int, *, override: bool
) -> dict[str, Any]:
    for key in HEADERS:
        if key in settings:
            check_header(key, settings[key])
    metadata = settings.get("metadata")
    if metadata is not None:
        metadata = {key: value for key, value in metadata.items() if value is not None}
        if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) > METADATA_LIMIT:
            raise errors.invalid(f"The custom metadata of an object is limited to {METADATA_LIMIT} bytes.")
        settings["metadata"] = metadata
        if not metadata:
            del settings["metadata"]
    custom = (settings.get("contexts") or {}).get("custom") or {}
    custom = {key: payload for key, payload in custom.items() if (payload or {}).get("value") is not None}
    if settings.pop("contexts", None) is not None and custom:
        settings["contexts"] = {"custom": custom}
    if settings.get("customTime") != old.get("customTime"):
        settings["customTime"] = _custom_time(old.get("customTime"), settings.get("customTime"))
    retention = settings.pop("retention", None)
    if retention != old.get("retention"):
        retention = check_retention(bucket, old.get("retention"), retention, now, override=override)
    return settings | ({"retention": retention} if retention else {})


def _custom_time(old: str | None, new: str | None) -> str:
    try:
        moment = microseconds(new) if new else None
    except ValueError as error:
        raise errors.invalid(f"Invalid customTime '{new}': it must be an RFC 3339 time.") from error
    if moment is None or (old is not None and moment < microseconds(old)):
        raise errors.invalid("customTime can only be set to a later time; it cannot be removed or moved back.")
    return exact_timestamp(moment)
