"""Object lifecycle management: which action the rules of a bucket want for a version. Pure.

Rules: https://cloud.google.com/storage/docs/lifecycle. Delete goes before SetStorageClass; of several classes the one
that costs least to keep wins; a class only ever changes to a colder one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.tables import LIVE, microseconds

DAY = 86_400 * 1_000_000
DELETE, SET_CLASS, ABORT = "Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"
_WARMTH = {
    "MULTI_REGIONAL": 5,
    "DURABLE_REDUCED_AVAILABILITY": 5,
    "REGIONAL": 4,
    "STANDARD": 4,
    "NEARLINE": 3,
    "COLDLINE": 2,
    "ARCHIVE": 1,
}


@dataclass(frozen=True)
class Action:
    """What is to be done: type Delete, or SetStorageClass with the class."""

    type: str
    storage_class: str = ""


def action_for(rules: list[dict[str, Any]], version: StoredObject, newer: int, now: int) -> Action | None:
    """The action that the rules want for a version, or None. newer counts the newer versions of its name; now in us."""
    classes = []
    for rule in rules:
        wanted = rule["action"]
        if wanted["type"] == ABORT or not _holds(rule["condition"], version, newer, now):
            continue
        if wanted["type"] == DELETE:
            return Action(DELETE)
        if _WARMTH[wanted["storageClass"]] < _WARMTH[version.storage_class]:
            classes.append(wanted["storageClass"])
    return Action(SET_CLASS, min(classes, key=_WARMTH.__getitem__)) if classes else None


def abort_age(rules: list[dict[str, Any]], name: str) -> int | None:
    """After how many days an unfinished multipart upload of that name is dropped; None for never."""
    ages = [
        rule["condition"]["age"]
        for rule in rules
        if rule["action"]["type"] == ABORT
        and rule["condition"].get("age") is not None
        and _name_matches(rule["condition"], name)
    ]
    return min(ages, default=None)


@dataclass(frozen=True)
class _Facts:
    """What the conditions look at."""

    version: StoredObject
    newer: int
    now: int

    @property
    def custom_time(self) -> int | None:
        text = self.version.settings.get("customTime")
        return microseconds(text) if text else None

    def older(self, start: int | None, days: int) -> bool:
        return start is not None and start + days * DAY <= self.now


def _holds(condition: dict[str, Any], version: StoredObject, newer: int, now: int) -> bool:
    """Whether every condition of a rule holds; a rule without any never does."""
    wanted = {key: value for key, value in condition.items() if value is not None}
    if not wanted or not _name_matches(wanted, version.name):
        return False
    facts = _Facts(version, newer, now)
    return all(_CHECKS[key](value, facts) for key, value in wanted.items() if key in _CHECKS)


def _name_matches(condition: dict[str, Any], name: str) -> bool:
    prefixes, suffixes = condition.get("matchesPrefix"), condition.get("matchesSuffix")
    return (not prefixes or name.startswith(tuple(prefixes))) and (not suffixes or name.endswith(tuple(suffixes)))


def _before(moment: int | None, date: str) -> bool:
    return moment is not None and moment < microseconds(date)


_CHECKS: dict[str, Callable[[Any, _Facts], bool]] = {
    "age": lambda days, facts: facts.older(facts.version.created, days),
    "createdBefore": lambda date, facts: _before(facts.version.created, date),
    "customTimeBefore": lambda date, facts: _before(facts.custom_time, date),
    "daysSinceCustomTime": lambda days, facts: facts.older(facts.custom_time, days),
    "daysSinceNoncurrentTime": lambda days, facts: facts.older(facts.version.noncurrent, days),
    "isLive": lambda live, facts: (facts.version.state == LIVE) == live,
    "matchesStorageClass": lambda classes, facts: not classes or facts.version.storage_class in classes,
    "noncurrentTimeBefore": lambda date, facts: _before(facts.version.noncurrent, date),
    "numNewerVersions": lambda number, facts: facts.newer >= number,
    "sizeAboveBytes": lambda size, facts: facts.version.size > int(size),
    "sizeBelowBytes": lambda size, facts: facts.version.size < int(size),
}
