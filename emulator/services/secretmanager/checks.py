"""What Secret Manager checks of a secret, and fills in (REST: Secret)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument, not_implemented
from emulator.services.secretmanager.keys import location_of
from emulator.state.clock import Clock

if TYPE_CHECKING:
    from emulator.context import Context

_DURATION = re.compile(r"(\d{1,10})(?:\.\d{1,9})?s")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_LONGEST = 3_153_600_000  # seconds: 100 years
_SHORTEST_ROTATION, _SOONEST, _DAY = 3600, 300, 24 * 3600
_MOST_TOPICS, _MOST_ALIASES, _MOST_LABELS = 10, 50, 64
_ELSEWHERE = {"secretType": "Typed secrets", "tags": "Tags that are given when a secret is created"}


def checked(context: Context, name: str, body: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The secret to store, of a body; `before` is the one that it changes. Raises a 400 or 501."""
    for field, what in _ELSEWHERE.items():
        if body.get(field):
            raise not_implemented(f"{what} are not emulated (field {field}).")
    kept = {key: value for key, value in body.items() if key not in ("etag", "createTime", "name", "policyMember")}
    _check_replication(name, kept)
    _check_texts(kept)
    return _scheduled(context, kept, before or {})


def _check_replication(name: str, body: dict[str, Any]) -> None:
    given = body.get("replication", {})
    if location_of(name):
        if given:
            raise invalid_argument("A regional secret has no replication: it is kept in its location.")
        return
    if body.get("customerManagedEncryption"):
        raise invalid_argument("customerManagedEncryption is of regional secrets; a global one has it in replication.")
    if ("automatic" in given) == ("userManaged" in given):
        raise invalid_argument("replication is required: one of automatic and userManaged.")
    replicas = [each.get("location", "") for each in given.get("userManaged", {}).get("replicas", [])]
    if "userManaged" in given and (not replicas or "" in replicas or len(set(replicas)) < len(replicas)):
        raise invalid_argument("replication.userManaged.replicas names one or more locations, each once.")


def _check_texts(body: dict[str, Any]) -> None:
    """Labels, topics and aliases."""
    labels, topics, aliases = body.get("labels", {}), body.get("topics", []), body.get("versionAliases", {})
    if len(labels) > _MOST_LABELS or not all(_LABEL.fullmatch(each) for pair in labels.items() for each in pair):
        raise invalid_argument("labels are up to 64, of lower-case letters, digits, - and _, up to 63 characters each.")
    if len(topics) > _MOST_TOPICS or not all(_TOPIC.fullmatch(topic.get("name", "")) for topic in topics):
        raise invalid_argument("topics are up to 10, each named projects/PROJECT/topics/TOPIC.")
    if len(aliases) > _MOST_ALIASES or not all(map(_is_alias, aliases)):
        raise invalid_argument("versionAliases are up to 50; each begins with a letter, and is neither latest nor NEW.")


def _is_alias(text: str) -> bool:
    return bool(_ALIAS.fullmatch(text)) and text not in ("latest", "NEW")


def _scheduled(context: Context, body: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The body with the times that follow from its durations."""
    now = context.clock.seconds()
    if ttl := body.pop("ttl", None):
        body["expireTime"] = Clock.stamp_of(now + _seconds("ttl", ttl, 1))
    elif "expireTime" in body and body["expireTime"] != before.get("expireTime"):
        body["expireTime"] = _future("expireTime", body["expireTime"], now)
    if delay := body.get("versionDestroyTtl"):
        _seconds("versionDestroyTtl", delay, _DAY)
    if rotation := body.get("rotation"):
        body["rotation"] = _rotation(rotation, before.get("rotation", {}), now, bool(body.get("topics")))
    return body


def _rotation(given: dict[str, Any], before: dict[str, Any], now: float, told: bool) -> dict[str, Any]:
    following = given.get("nextRotationTime")
    if not told:
        raise invalid_argument("A secret with a rotation needs topics, which are told that it is time.")
    if period := given.get("rotationPeriod"):
        _seconds("rotation.rotationPeriod", period, _SHORTEST_ROTATION)
        if not following:
            raise invalid_argument("rotation.nextRotationTime is required with rotation.rotationPeriod.")
    if following and following != before.get("nextRotationTime"):
        return {**given, "nextRotationTime": _future("rotation.nextRotationTime", following, now + _SOONEST)}
    return given


def _seconds(field: str, text: str, shortest: int) -> float:
    found = _DURATION.fullmatch(str(text))
    if found is None or not shortest <= int(found[1]) <= _LONGEST:
        raise invalid_argument(f"{field} must be from {shortest}s to {_LONGEST}s.")
    return float(text[:-1])


def _future(field: str, text: str, soonest: float) -> str:
    try:
        at = datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise invalid_argument(f"{field} is a time such as 2026-01-31T12:00:00Z.") from None
    if not soonest < at < soonest + _LONGEST:
        raise invalid_argument(f"{field} must be in the future (a rotation at least five minutes), at most 100 years.")
    return Clock.stamp_of(at)
