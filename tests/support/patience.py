"""How long a test waits for a state, and how."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds. Far beyond what any step takes, on a machine ten times slower too: only a fault reaches it.
PATIENCE = 300.0


def eventually(look: Callable[[], T], holds: Callable[[T], object] = bool) -> T:
    """What `look` gives, once it holds; a test where it never does fails with the last that it gave."""
    deadline = time.monotonic() + PATIENCE
    while not holds(found := look()):
        assert time.monotonic() < deadline, f"What was waited for did not come, but {found!r}"
        time.sleep(0.02)
    return found
