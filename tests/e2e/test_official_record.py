"""Every call that the official gcp plugin made for 53 resources is answered in a way that it would accept."""

from __future__ import annotations

from tests.conftest import StartEmulator
from tests.e2e.official_record import PROJECT, Replay, lacks, read_record


def test_all_recorded_calls_are_answered_acceptably(start_emulator: StartEmulator) -> None:
    emulator = start_emulator(project=PROJECT)
    replay = Replay(emulator)
    calls = read_record()
    found = {str(call): problems for call in calls if (problems := replay.accept(call))}
    listed = "\n".join(f"{call}: {'; '.join(problems[:3])}" for call, problems in found.items())
    assert not found, (
        f"{len(calls) - len(found)} of {len(calls)} calls are answered as the plugin needs; not:\n{listed}"
    )


def test_the_record_is_whole() -> None:
    calls = read_record()
    assert [call.n for call in calls] == list(range(520))
    assert list(dict.fromkeys(call.step for call in calls)) == [
        "up",
        "again",
        "refresh",
        "update",
        "refresh2",
        "destroy",
    ]


def test_a_field_that_was_sent_must_come_back() -> None:
    assert list(lacks({"labels": {"a": "1"}}, {"labels": {"a": "2"}})) == ["answer.labels.a is '2' instead of '1'"]
    assert list(lacks({"labels": {"a": "1"}}, {})) == ["answer.labels is missing"]
    assert not list(lacks({"etag": "x", "timeCreated": "then"}, {"timeCreated": "now", "more": 1}))


def test_lists_are_compared_without_their_order() -> None:
    recorded = [{"role": "a", "members": ["x", "y"]}, {"role": "b"}]
    assert not list(lacks(recorded, [{"role": "b"}, {"role": "a", "members": ["y", "x"]}]))
    assert list(lacks(recorded, [{"role": "b"}])) == ['answer has no item like {"role": "a", "members": ["x", "y"]}']
