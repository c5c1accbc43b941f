"""When two answers count as the same."""

from typing import Any

import orjson
import pytest

from emulator.recording.exchanges import WHOLE, Body
from emulator.recording.likeness import Likeness


def places(then: Any, now: Any, likeness: Likeness | None = None) -> list[str]:
    """Where the second answer is not what the first was."""
    found = (likeness or Likeness({})).differences(Body.of(orjson.dumps(then)), orjson.dumps(now))
    return [place for place, _, _ in found]


UUIDS = "0b0f0f36-1a4c-4c63-9a6e-2f3f3b6f2c11", "7d3a7f2e-5b1e-4f0f-8f55-9d9e4a6b7c22"


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"createTime": "2026-01-01T00:00:00.1Z"}, {"createTime": "2026-02-03T04:05:06.789Z"}),
        ({"name": f"Patient/{UUIDS[0]}"}, {"name": f"Patient/{UUIDS[1]}"}),
        ({"generation": "1767225600123456"}, {"generation": "1767229999999999"}),
        ({"etag": "CAE="}, {"etag": "CAI="}),
        ({"messageIds": ["1", "2"]}, {"messageIds": ["5", "6"]}),
        ({"a": {"totalSlotMs": "12"}}, {"a": {"totalSlotMs": "4"}}),
        ({"statistics": {"finalExecutionDurationMs": "56"}}, {"statistics": {"finalExecutionDurationMs": "7"}}),
    ],
)
def test_what_the_server_makes_up_may_be_another(then: Any, now: Any) -> None:
    assert places(then, now) == []


@pytest.mark.parametrize(
    ("then", "now", "where"),
    [
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, {"b": 1}, ["a", "b"]),
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]}, ["a[1].b"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"name": "Doe"}, {"name": "Roe"}, ["name"]),
        ({"createTime": "2026-01-01T00:00:00Z"}, {"createTime": "yesterday"}, ["createTime"]),
        ({"id": UUIDS[0]}, {"id": "17"}, ["id"]),
        ({"uid": "1.2.840.10008.1"}, {"uid": "1.2.840.10008.2"}, ["uid"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(then: Any, now: Any, where: list[str]) -> None:
    assert places(then, now) == where


def test_a_value_stands_for_one_other_everywhere() -> None:
    likeness = Likeness({})
    assert places({"id": UUIDS[0]}, {"id": UUIDS[1]}, likeness) == []
    assert places({"of": UUIDS[0]}, {"of": UUIDS[1]}, likeness) == []
    assert likeness.sends(f"GET /Patient/{UUIDS[0]}?x") == f"GET /Patient/{UUIDS[1]}?x"
    third = UUIDS[0].replace("0", "1")
    assert places({"of": UUIDS[0]}, {"of": third}, likeness) == ["of"]
    assert places({"of": third}, {"of": UUIDS[1]}, likeness) == ["of"]


def test_etags_that_are_more_than_a_word_are_sent_as_they_are_now() -> None:
    likeness = Likeness({})
    then, now = "Bwb4/cHnt8I=", "BwZe+hWh/4BM="
    assert places({"policy": {"etag": then}}, {"policy": {"etag": now}}, likeness) == []
    assert likeness.sends(f'{{"etag": "{then}", "x": 1}}') == f'{{"etag": "{now}", "x": 1}}'
    assert places({"etag": then}, {"etag": "Bwb4/cHnt8I="}, likeness) == ["etag"]


def test_short_numbers_are_compared_but_never_put_for_others() -> None:
    likeness = Likeness({})
    assert places({"messageId": "1"}, {"messageId": "5"}, likeness) == []
    assert likeness.sends('{"maxMessages": 1}') == '{"maxMessages": 1}'
    assert places({"messageId": "1"}, {"messageId": "6"}, likeness) == ["messageId"]


def test_what_the_client_sent_has_to_come_back() -> None:
    likeness = Likeness({})
    likeness.sends(f'{{"id": "{UUIDS[0]}", "at": "2020-01-01T00:00:00Z"}}')
    assert places({"id": UUIDS[0]}, {"id": UUIDS[1]}, likeness) == ["id"]
    assert places({"at": "2020-01-01T00:00:00Z"}, {"at": "2020-01-02T00:00:00Z"}, likeness) == ["at"]


def test_what_is_elsewhere_by_nature_is_replaced_wherever_it_stands() -> None:
    likeness = Likeness({"first-project": "second-project"})
    asked = "/b?project=first-project&of=projects%2Ffirst-project%2Ftopics&x=first-projects"
    now = "/b?project=second-project&of=projects%2Fsecond-project%2Ftopics&x=first-projects"
    assert likeness.sends(asked) == now
    assert places({"link": asked}, {"link": now}, likeness) == []


def test_bytes_are_the_same_or_not_however_many_they_are() -> None:
    for size in (10, WHOLE + 1):
        then = Body.of(b"\xff" * size)
        assert list(Likeness({}).differences(then, b"\xff" * size)) == []
        assert [place for place, _, _ in Likeness({}).differences(then, b"\xfe" * size)] == ["body"]


def test_of_headers_those_count_that_say_something_of_the_answer() -> None:
    then = {"content-type": "application/json", "etag": 'W/"MTc2NzIyNTYwMDEyMzQ1NjAwMA"', "date": "then"}
    now = {"content-type": "application/json", "etag": 'W/"MTc2NzIyNTk5OTk5OTk5OTAwMA"', "date": "now"}
    assert list(Likeness({}).header_differences(then, now)) == []
    assert list(Likeness({}).header_differences(then, {**now, "content-type": "text/html", "x-goog-hash": "h"})) == [
        ("header content-type", "application/json", "text/html"),
        ("header x-goog-hash", None, "h"),
    ]
