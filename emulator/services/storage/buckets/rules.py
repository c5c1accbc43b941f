"""A bucket as a value: defaults, what may change, what is refused. Nothing here touches the database or the network."""

from __future__ import annotations

import re
from typing import Any

from emulator.services.storage import errors
from emulator.services.storage.tables import timestamp

DEFAULT_SOFT_DELETE = 604_800
STORAGE_CLASSES = (
    "STANDARD",
    "NEARLINE",
    "COLDLINE",
    "ARCHIVE",
    "MULTI_REGIONAL",
    "REGIONAL",
    "DURABLE_REDUCED_AVAILABILITY",
)
UNIFORM_LOCK_MICROSECONDS = 90 * 86_400 * 1_000_000

SETTABLE = (
    "autoclass", "billing", "cors", "customPlacementConfig", "defaultEventBasedHold", "encryption",
    "hierarchicalNamespace", "iamConfiguration", "ipFilter", "labels", "lifecycle", "location", "logging",
    "objectRetention", "retentionPolicy", "rpo", "softDeletePolicy", "storageClass", "versioning", "website",
)  # fmt: skip
FIXED = ("customPlacementConfig", "hierarchicalNamespace", "location", "locationType", "objectRetention")

_REGION = re.compile(r"[A-Z]+-[A-Z]+\d{1,2}")
_MULTI_REGIONS = frozenset({"US", "EU", "ASIA"})
_DUAL_REGIONS = frozenset({"NAM4", "EUR4", "EUR5", "EUR7", "EUR8", "ASIA1", "ASIA2"})
_COUNTRIES = frozenset({"US", "EU", "CA", "AU", "IN", "JP", "ASIA"})
_LABEL_KEY = re.compile(r"[^\W\dA-Z_][^\WA-Z]*(?:[^\WA-Z]|-)*")
_LABEL_VALUE = re.compile(r"(?:[^\WA-Z]|-)*")
_ACTIONS = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
_HUNDRED_YEARS = 3_155_760_000


def created(body: dict[str, Any], name: str, now: int, *, object_retention: bool) -> dict[str, Any]:
    """The body of a new bucket: what the caller sent, checked, with Google's defaults. now in microseconds.

    Raises 400 (reason invalid) for a value that Cloud Storage refuses, 501 for what this emulator does not do.
    """
    new = {key: body[key] for key in SETTABLE if body.get(key) is not None}
    new["location"], new["locationType"] = _location(new)
    if object_retention:
        new["objectRetention"] = {"mode": "Enabled"}
    else:
        new.pop("objectRetention", None)
    return _complete(new, {}, name, now)


def patched(old: dict[str, Any], patch: dict[str, Any], name: str, now: int) -> dict[str, Any]:
    """The body after a PATCH: objects merge key by key, null removes (RFC 7396)."""
    changes = {key: patch[key] for key in SETTABLE if key in patch}
    _check_fixed(old, changes)
    merged = merge(old, {key: value for key, value in changes.items() if key not in FIXED})
    return _complete(merged, old, name, now)


def replaced(old: dict[str, Any], body: dict[str, Any], name: str, now: int) -> dict[str, Any]:
    """The body after a PUT: what is not sent falls back to its default; what never changes stays."""
    _check_fixed(old, body)
    new = {key: body[key] for key in SETTABLE if body.get(key) is not None and key not in FIXED}
    return _complete(new | {key: old[key] for key in FIXED if key in old}, old, name, now)


def merge(old: Any, patch: Any) -> Any:
    """JSON merge patch: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _check_fixed(old: dict[str, Any], changes: dict[str, Any]) -> None:
    for key in ("customPlacementConfig", "hierarchicalNamespace", "location"):
        wanted = changes.get(key)
        if wanted is None or wanted == old.get(key) or (key == "location" and str(wanted).upper() == old["location"]):
            continue
        raise errors.invalid(f"The {key} of a bucket cannot be changed after creation.")


def _complete(new: dict[str, Any], old: dict[str, Any], name: str, now: int) -> dict[str, Any]:
    new.setdefault("storageClass", "STANDARD")
    if new["storageClass"] not in STORAGE_CLASSES:
        raise errors.invalid(f"The specified storage class '{new['storageClass']}' is not valid.")
    _check_labels(new.get("labels", {}))
    _check_lifecycle(new.get("lifecycle", {}))
    if new.get("hierarchicalNamespace", {}).get("enabled"):
        raise errors.not_emulated("Hierarchical namespaces (hierarchicalNamespace.enabled)")
    new["iamConfiguration"] = _iam_configuration(new.get("iamConfiguration", {}), old.get("iamConfiguration", {}), now)
    if "autoclass" in new:
        new["autoclass"] = _autoclass(new["autoclass"], old.get("autoclass", {}), now)
    new["softDeletePolicy"] = _soft_delete(new.get("softDeletePolicy"), old.get("softDeletePolicy"), now)
    retention = _retention(new.get("retentionPolicy"), old.get("retentionPolicy"), name, now)
    new.pop("retentionPolicy", None)
    if retention is not None:
        new["retentionPolicy"] = retention
    if "logBucket" in new.get("logging", {}):
        new["logging"] = {"logObjectPrefix": name, **new["logging"]}
    if new["locationType"] != "region":
        new.setdefault("rpo", "DEFAULT")
    if new.get("rpo", "DEFAULT") != "DEFAULT" and new["locationType"] != "dual-region":
        raise errors.invalid("Turbo replication (rpo ASYNC_TURBO) needs a dual-region bucket.")
    if not new.get("labels", True):
        del new["labels"]
    return new


def _location(body: dict[str, Any]) -> tuple[str, str]:
    location = str(body.get("location") or "US").upper()
    if "customPlacementConfig" in body and location in _COUNTRIES:
        regions = body["customPlacementConfig"].get("dataLocations", [])
        body["customPlacementConfig"] = {"dataLocations": [str(region).upper() for region in regions]}
        return location, "dual-region"
    if location in _MULTI_REGIONS:
        return location, "multi-region"
    if location in _DUAL_REGIONS:
        return location, "dual-region"
    if _REGION.fullmatch(location):
        return location, "region"
    raise errors.invalid("The specified location constraint is not valid.")


def _iam_configuration(new: dict[str, Any], old: dict[str, Any], now: int) -> dict[str, Any]:
    uniform = new.get("uniformBucketLevelAccess") or new.get("bucketPolicyOnly") or {}
    prevention = new.get("publicAccessPrevention", "inherited")
    if prevention == "unspecified":
        prevention = "inherited"
    if prevention not in ("inherited", "enforced"):
        raise errors.invalid(f"Invalid value for publicAccessPrevention: '{prevention}'; use inherited or enforced.")
    if not uniform.get("enabled"):
        access: dict[str, Any] = {"enabled": False}
    else:
        before = old.get("uniformBucketLevelAccess", {})
        access = {"enabled": True, "lockedTime": before.get("lockedTime") or timestamp(now + UNIFORM_LOCK_MICROSECONDS)}
    return {"bucketPolicyOnly": access, "uniformBucketLevelAccess": access, "publicAccessPrevention": prevention}


def _autoclass(new: dict[str, Any], old: dict[str, Any], now: int) -> dict[str, Any]:
    """Autoclass with when it was switched, and the class that objects end in (NEARLINE unless another is asked for)."""
    enabled, before = bool(new.get("enabled")), bool(old.get("enabled"))
    kept: dict[str, Any] = {"enabled": enabled, "toggleTime": old.get("toggleTime")}
    if enabled != before or kept["toggleTime"] is None:
        kept["toggleTime"] = timestamp(now)
    if not enabled:
        return kept
    terminal = new.get("terminalStorageClass", "NEARLINE")
    if terminal not in ("NEARLINE", "ARCHIVE"):
        raise errors.invalid(f"Invalid terminalStorageClass '{terminal}': it is NEARLINE or ARCHIVE.")
    changed = before and terminal == old.get("terminalStorageClass")
    updated = old.get("terminalStorageClassUpdateTime") if changed else None
    kept |= {"terminalStorageClass": terminal, "terminalStorageClassUpdateTime": updated or timestamp(now)}
    return kept


def _soft_delete(new: dict[str, Any] | None, old: dict[str, Any] | None, now: int) -> dict[str, Any]:
    seconds = DEFAULT_SOFT_DELETE if new is None else int(new.get("retentionDurationSeconds", 0))
    if seconds != 0 and not 604_800 <= seconds <= 7_776_000:
        raise errors.invalid(
            "The soft delete retention duration must be 0 or from 604800 (7 days) to 7776000 (90 days) seconds."
        )
    if old is not None and int(old["retentionDurationSeconds"]) == seconds:
        return old
    return {"retentionDurationSeconds": str(seconds), "effectiveTime": timestamp(now)}


def _retention(new: dict[str, Any] | None, old: dict[str, Any] | None, name: str, now: int) -> dict[str, Any] | None:
    seconds = int(new.get("retentionPeriod", 0)) if new else 0
    before = int(old["retentionPeriod"]) if old else 0
    locked = bool(old and old.get("isLocked"))
    if locked and seconds < before:
        raise errors.retention_locked(name)
    if not new:
        return None
    if not 0 < seconds < _HUNDRED_YEARS:
        raise errors.invalid(
            "The retention period must be greater than 0 and less than 100 years (3155760000 seconds)."
        )
    if old is not None and seconds == before:
        return old
    return {"retentionPeriod": str(seconds), "effectiveTime": timestamp(now)} | ({"isLocked": True} if locked else {})


def _check_labels(labels: dict[str, Any]) -> None:
    if len(labels) > 64:
        raise errors.invalid("A bucket has at most 64 labels.")
    for key, value in labels.items():
        if len(key) > 63 or not _LABEL_KEY.fullmatch(key):
            raise errors.invalid(
                f"Invalid label key '{key}': lower-case letters, digits, _ and -, 63 at most, a letter first."
            )
        if len(value) > 63 or not _LABEL_VALUE.fullmatch(value):
            raise errors.invalid(f"Invalid value of label '{key}': lower-case letters, digits, _ and -, 63 at most.")


def _check_lifecycle(lifecycle: dict[str, Any]) -> None:
    rules = lifecycle.get("rule") or []
    if len(rules) > 100:
        raise errors.invalid("A lifecycle configuration has at most 100 rules.")
    for number, rule in enumerate(rules):
        action = rule.get("action", {})
        condition = {key: value for key, value in rule.get("condition", {}).items() if value is not None}
        where = f"lifecycle.rule[{number}]"
        if action.get("type") not in _ACTIONS:
            raise errors.invalid(f"Invalid argument: {where}.action.type must be one of {', '.join(_ACTIONS)}.")
        if not condition:
            raise errors.invalid(f"Invalid argument: {where} has no condition; a rule needs at least one.")
        if action["type"] == "SetStorageClass" and action.get("storageClass") not in STORAGE_CLASSES:
            raise errors.invalid(
                f"Invalid argument: {where}.action.storageClass must be one of {', '.join(STORAGE_CLASSES)}."
            )
        if action["type"] == "AbortIncompleteMultipartUpload" and condition.keys() - {
            "age",
            "matchesPrefix",
            "matchesSuffix",
        }:
            raise errors.invalid(
                f"Invalid argument: {where}: this action takes only age, matchesPrefix and matchesSuffix."
            )
