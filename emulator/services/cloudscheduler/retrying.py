"""Whether and when a failed attempt is made again (Cloud Scheduler: RetryConfig, "Retry jobs")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_RETRIES = 5
MOST_DOUBLINGS = 16


@dataclass(frozen=True)
class Retries:
    """A job's retryConfig, all times in seconds."""

    count: int = 0
    duration: float = 0.0
    shortest: float = 5.0
    longest: float = 3600.0
    doublings: int = 5

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Retries:
        """What a RetryConfig says, Google's defaults where it says nothing. Raises ValueError with the wrong field."""
        read = cls(
            config.get("retryCount", 0),
            seconds(config.get("maxRetryDuration", "0s")),
            seconds(config.get("minBackoffDuration", "5s")),
            seconds(config.get("maxBackoffDuration", "3600s")),
            config.get("maxDoublings", 5),
        )
        if not 0 <= read.count <= MOST_RETRIES:
            raise ValueError(f"retryCount is from 0 to {MOST_RETRIES}")
        if not 0 <= read.doublings <= MOST_DOUBLINGS:
            raise ValueError(f"maxDoublings is from 0 to {MOST_DOUBLINGS}")
        if min(read.duration, read.shortest, read.longest) < 0:
            raise ValueError("its durations are not negative")
        return read

    def another(self, failures: int, elapsed: float) -> bool:
        """Whether an execution whose first attempt began `elapsed` seconds ago is tried again after so many failures.

        Where both limits are set, until both are reached.
        """
        by_count = failures <= self.count
        return by_count or (self.duration > 0 and elapsed < self.duration)

    def wait(self, failures: int) -> float:
        """Seconds before the next attempt after so many failures: doubled so many times, then the same more each."""
        doubled = self.shortest * 2 ** min(failures - 1, self.doublings)
        steps = max(0, failures - 1 - self.doublings)
        return float(min(self.longest, doubled + steps * self.shortest * 2**self.doublings))


def seconds(duration: str) -> float:
    """A protobuf Duration in JSON ("1.5s") in seconds; 0 for an empty one."""
    return float(duration.removesuffix("s") or 0)
