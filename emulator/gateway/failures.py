"""What went wrong inside, as the error that a caller sees; a bug is a 500, and its trace goes to the log."""

from __future__ import annotations

import errno
import logging
import sqlite3

from emulator.errors import ApiError, invalid_argument, storage_full

TOO_DEEP = (
    "The request is nested too deeply: a filter, a pattern, a field mask or a value of the body has too many levels."
)
_log = logging.getLogger("emulator")


def error_of(problem: Exception, method_id: str) -> ApiError:
    """The error to answer for an exception that a method's steps let out."""
    if isinstance(problem, ApiError):
        return problem
    if isinstance(problem, RecursionError):
        return invalid_argument(TOO_DEEP)
    if _is_full(problem):
        return storage_full(
            "The disk that holds the emulator's state is full; nothing was stored. Free some space and retry."
        )
    _log.error("%s failed", method_id, exc_info=problem)
    return ApiError(500, "INTERNAL", "Internal error; the emulator's log has the details.", "internalError")


def _is_full(problem: Exception) -> bool:
    if isinstance(problem, sqlite3.OperationalError):
        return "full" in str(problem)
    return isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT)
