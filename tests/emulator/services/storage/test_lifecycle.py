"""Lifecycle rules: which action is wanted for which version."""

from dataclasses import replace
from typing import Any

import pytest

from emulator.services.storage.buckets.lifecycle import DAY, Action, abort_age, action_for
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.tables import LIVE, NONCURRENT, microseconds

NOW = microseconds("2026-11-22T12:00:00Z")
OLD = NOW - 40 * DAY
VERSION = StoredObject(
    bucket="b",
    name="a/x.dcm",
    generation=1,
    metageneration=1,
    state=LIVE,
    size=1000,
    blob_id="1",
    md5=None,
    crc32c="",
    content_type=None,
    storage_class="STANDARD",
    components=None,
    created=OLD,
    updated=OLD,
    class_updated=OLD,
    noncurrent=None,
    soft_deleted=None,
    hard_delete=None,
    retain_from=OLD,
    custom="{}",
)


def rule(action: str = "Delete", storage_class: str = "", **condition: Any) -> dict[str, Any]:
    return {"action": {"type": action, "storageClass": storage_class}, "condition": condition}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"age": 40}, True),
        ({"age": 41}, False),
        ({"age": 0}, True),
        ({"createdBefore": "2026-11-01"}, True),
        ({"createdBefore": "2026-10-01"}, False),
        ({"isLive": True}, True),
        ({"isLive": False}, False),
        ({"age": 40, "isLive": False}, False),
        ({"matchesPrefix": ["a/", "b/"]}, True),
        ({"matchesPrefix": ["b/"]}, False),
        ({"matchesSuffix": [".dcm"]}, True),
        ({"matchesSuffix": [".txt"]}, False),
        ({"matchesStorageClass": ["STANDARD"]}, True),
        ({"matchesStorageClass": ["NEARLINE"]}, False),
        ({"numNewerVersions": 1}, False),
        ({"daysSinceNoncurrentTime": 1}, False),
        ({"daysSinceCustomTime": 1}, False),
        ({"sizeAboveBytes": "999"}, True),
        ({"sizeBelowBytes": "1000"}, False),
        ({}, False),
        ({"age": None}, False),
    ],
)
def test_conditions_of_a_live_version(condition: dict[str, Any], holds: bool) -> None:
    wanted = action_for([rule(**condition)], VERSION, 0, NOW)
    assert wanted == (Action("Delete") if holds else None)


def test_conditions_of_a_noncurrent_version() -> None:
    version = replace(VERSION, state=NONCURRENT, noncurrent=NOW - 3 * DAY)
    holding = (rule(isLive=False), rule(numNewerVersions=2), rule(daysSinceNoncurrentTime=3))
    failing = (rule(numNewerVersions=3), rule(daysSinceNoncurrentTime=4), rule(noncurrentTimeBefore="2026-11-19"))
    assert [action_for([one], version, 2, NOW) for one in holding] == [Action("Delete")] * 3
    assert [action_for([one], version, 2, NOW) for one in failing] == [None] * 3


def test_custom_time() -> None:
    version = replace(VERSION, custom='{"customTime":"2026-11-20T00:00:00.000Z"}')
    assert action_for([rule(daysSinceCustomTime=2)], version, 0, NOW) == Action("Delete")
    assert action_for([rule(customTimeBefore="2026-11-20")], version, 0, NOW) is None


def test_delete_goes_before_any_class_and_the_coldest_class_wins() -> None:
    nearline, archive = rule("SetStorageClass", "NEARLINE", age=1), rule("SetStorageClass", "ARCHIVE", age=1)
    assert action_for([nearline, archive], VERSION, 0, NOW) == Action("SetStorageClass", "ARCHIVE")
    assert action_for([nearline, rule(age=1)], VERSION, 0, NOW) == Action("Delete")


def test_a_class_never_gets_warmer() -> None:
    cold = replace(VERSION, storage_class="COLDLINE")
    assert action_for([rule("SetStorageClass", "NEARLINE", age=1)], cold, 0, NOW) is None


def test_age_of_unfinished_uploads() -> None:
    rules = [
        rule("AbortIncompleteMultipartUpload", age=7),
        rule("AbortIncompleteMultipartUpload", age=2, matchesPrefix=["t/"]),
    ]
    assert abort_age(rules, "a") == 7
    assert abort_age(rules, "t/a") == 2
    assert abort_age([], "a") is None
