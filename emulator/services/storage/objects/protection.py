"""What keeps an object from being deleted or replaced: holds, the bucket's retention policy, its own retention.

Rules: https://cloud.google.com/storage/docs/bucket-lock, .../object-holds and .../object-lock.
"""

from __future__ import annotations

from typing import Any

from emulator.services.storage import errors
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.tables import microseconds, timestamp

SECOND = 1_000_000


def expiration(bucket: Bucket, stored: StoredObject) -> int | None:
    """When the object may be deleted (microseconds); None where nothing retains it or an event-based hold is active."""
    if not bucket.retention_seconds and stored.custom == "{}":
        return None
    settings = stored.settings
    ends = []
    if "retention" in settings:
        ends.append(microseconds(settings["retention"]["retainUntilTime"]))
    if bucket.retention_seconds:
        if settings.get("eventBasedHold"):
            return None
        ends.append(stored.retain_from + bucket.retention_seconds * SECOND)
    return max(ends, default=None)


def check_may_go(bucket: Bucket, stored: StoredObject, now: int, *, archiving: bool = False) -> None:
    """Raise 403 where a version may not be deleted or replaced yet.

    archiving says that it would only become noncurrent, which a retention policy allows and a hold does not.
    """
    if bucket.retention_seconds == 0 and stored.custom == "{}":
        return
    settings = stored.settings
    for key, word in (("temporaryHold", "Temporary"), ("eventBasedHold", "Event-Based")):
        if settings.get(key):
            raise errors.under_hold(stored.bucket, stored.name, word)
    until = expiration(bucket, stored)
    if until is not None and until > now and not archiving:
        raise errors.under_retention(stored.bucket, stored.name, timestamp(until))


def check_retention(
    bucket: Bucket, old: dict[str, Any] | None, new: dict[str, Any] | None, now: int, *, override: bool
) -> dict[str, Any] | None:
    """The object retention to store. Raises 400 for a malformed one, 403 for one that is weaker than allowed.

    A locked retention only grows; an unlocked one shrinks or goes only with `overrideUnlockedRetention`.
    """
    until = microseconds(old["retainUntilTime"]) if old else 0
    if not new:
        if old and until > now and (old["mode"] == "Locked" or not override):
            raise errors.retention_weakened()
        return None
    if bucket.body.get("objectRetention", {}).get("mode") != "Enabled":
        raise errors.invalid(
            "Object retention is not enabled on this bucket; create it with enableObjectRetention=true."
        )
    mode, wanted = new.get("mode"), new.get("retainUntilTime")
    if mode not in ("Locked", "Unlocked") or not wanted:
        raise errors.invalid("A retention configuration needs mode (Locked or Unlocked) and retainUntilTime.")
    try:
        moment = microseconds(wanted)
    except ValueError as error:
        raise errors.invalid(f"Invalid retainUntilTime '{wanted}': it must be an RFC 3339 time.") from error
    if old is None and moment <= now:
        raise errors.invalid("retainUntilTime must be in the future.")
    weaker = old is not None and (moment < until or (old["mode"] == "Locked" and mode == "Unlocked"))
    if weaker and until > now and old is not None and (old["mode"] == "Locked" or not override):
        raise errors.retention_weakened()
    return {"mode": mode, "retainUntilTime": timestamp(moment)}
