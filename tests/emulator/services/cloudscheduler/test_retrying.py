"""Retries as Cloud Scheduler's RetryConfig and its page "Retry jobs" have them."""

from typing import Any

import pytest

from emulator.services.cloudscheduler.retrying import Retries


def test_waits_double_then_grow_by_the_same_and_end_at_the_longest() -> None:
    """Google's example: 10 s, doubled three times, 300 s at most."""
    retries = Retries(shortest=10, longest=300, doublings=3)
    assert [retries.wait(failures) for failures in range(1, 9)] == [10, 20, 40, 80, 160, 240, 300, 300]


@pytest.mark.parametrize(
    ("config", "failures", "elapsed", "expected"),
    [
        ({}, 1, 0.0, False),
        ({"retryCount": 2}, 2, 9999.0, True),
        ({"retryCount": 2}, 3, 0.0, False),
        ({"maxRetryDuration": "60s"}, 7, 59.0, True),
        ({"maxRetryDuration": "60s"}, 1, 60.0, False),
        ({"retryCount": 1, "maxRetryDuration": "60s"}, 2, 30.0, True),  # until both limits are reached
    ],
)
def test_limits(config: dict[str, Any], failures: int, elapsed: float, expected: bool) -> None:
    assert Retries.of(config).another(failures, elapsed) is expected


@pytest.mark.parametrize(
    "config", [{"retryCount": 6}, {"retryCount": -1}, {"maxDoublings": -1}, {"minBackoffDuration": "-1s"}]
)
def test_what_google_does_not_take_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Retries.of(config)
