"""Requests to a busy service, sent again until it has time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

TRIES = 6
FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_BUSY = (429, 503)


def patiently(send: Callable[[], Any]) -> Any:
    """The answer to a request that may be sent twice; a busy service is asked again, ever later (RFC 9110 10.2.3)."""
    for attempt in range(TRIES - 1):
        answer = send()
        if answer.status_code not in _BUSY:
            return answer
        asked = str(answer.headers.get("Retry-After", ""))
        pause = FIRST_PAUSE_SECONDS * 2**attempt * (0.5 + random.random())  # noqa: S311 (spreads the workers' tries)
        time.sleep(min(max(pause, float(asked) if asked.isdecimal() else 0.0), _LONGEST_PAUSE_SECONDS))
    return send()
