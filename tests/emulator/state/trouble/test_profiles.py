"""Profiles of trouble, read and checked."""

import subprocess
import sys
from typing import Any

import pytest

from emulator.errors import ApiError
from emulator.state.trouble import choosing, profiles
from tests.support.emulator import ROOT

METHODS = ("storage.objects.get", "storage.objects.insert", "pubsub.projects.topics.publish")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"latncy": []}, 'no "latncy"; near it are latency'),
        ({"latency": {}}, "latency is a list"),
        ({"latency": [{"methods": ["storage.*"], "p50": 1, "p95": 2}]}, r"latency\[0\] is incomplete: it lacks p99"),
        ({"latency": [{"methods": ["storage.*"], "p50": 1, "p95": 2, "p99": 1}]}, "none is less than"),
        (
            {"cuts": [{"methods": ["storage.objets.get"], "share": 0, "at": "midway"}]},
            "near it are storage.objects.get",
        ),
        ({"cuts": [{"methods": ["*"], "share": 1, "at": "midwy"}]}, "one of unanswered, midway; near it are midway"),
        ({"refusals": [{"methods": ["*"], "share": 2, "kind": "conflict"}]}, "share is a number from 0 to 1"),
        ({"refusals": [{"methods": ["*"], "share": float("nan"), "kind": "conflict"}]}, "share is a number"),
        ({"quotas": [{"methods": ["*"], "name": "", "per_minute": 1}]}, "name is a text"),
        ({"quotas": [{"methods": ["*"], "name": "q", "per_minute": 0}]}, "per_minute is a whole number from 1"),
        ({"lags": {"grant": [1, 2]}}, 'lags has no "grant"; near it are grants'),
        ({"lags": {"grants": [2, 1]}}, "in that order"),
        ({"messages": {"late": {"share": 0.5}}}, "messages.late is incomplete: it lacks seconds"),
        ({"operations": 3}, "a list of two numbers"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(data: dict[str, Any], words: str) -> None:
    with pytest.raises(ApiError, match=words) as refused:
        profiles.parse(data, METHODS)
    assert refused.value.code == 400


def test_stars_stand_for_any_characters() -> None:
    fitting = ("storage.objects.get", "*", "storage.*", "*.get", "s*objects*t", "*o*o*")
    assert [pattern for pattern in fitting if not profiles.fits(pattern, "storage.objects.get")] == []
    others = ("storage.objects", "storage.objects.*.get", "*.gets", "storage.objects.get*t")
    assert [pattern for pattern in others if profiles.fits(pattern, "storage.objects.get")] == []


@pytest.mark.parametrize("text", ["google:x", "google:-1", "google:", "gogle", "google:1:2"])
def test_a_choice_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        choosing.parse_choice(text)
    assert choosing.parse_choice("google") == ("google", 0)
    assert choosing.parse_choice("bad-day:42") == ("bad-day", 42)


def test_an_emulator_without_trouble_reads_no_profile() -> None:
    """What profiles may say takes 5 to 10 ms to import, which a start would wait for."""
    asked = (
        "import sys, emulator.app; print([name for name in sys.modules if name.startswith('emulator.state.trouble.')])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "emulator.state.trouble.switch" in done.stdout
    assert "emulator.state.trouble.profiles" not in done.stdout
    assert "emulator.state.trouble.dial" not in done.stdout
