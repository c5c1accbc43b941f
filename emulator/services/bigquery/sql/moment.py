"""The emulator's time as the engine sees it: the machine's, or the one that a test has set.

The engine has it in a variable of the connection, which the macro bq_now() reads (moment.sql).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_own = threading.local()


def set_now(connection: DuckDBPyConnection, seconds: float | None) -> None:
    """Let the calling thread's connection take this for the time (seconds since 1970); None: the machine's."""
    before = getattr(_own, "now", None)
    if seconds is not None:
        connection.execute(f"SET VARIABLE bq_now = make_timestamptz({int(seconds * 1_000_000)})")
    elif before is not None:
        connection.execute("RESET VARIABLE bq_now")
    _own.now = seconds


def milliseconds() -> int:
    """The time that the call under way has, in milliseconds since 1970."""
    now = getattr(_own, "now", None)
    return int((time.time() if now is None else now) * 1000)
