"""What goes wrong with a schema, a row or a statement, in BigQuery's words."""

from __future__ import annotations

from typing import Any


class SqlError(Exception):
    """A statement, schema or value that is refused. reason is BigQuery's word for it, such as invalidQuery."""

    def __init__(self, message: str, reason: str = "invalidQuery") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.reason)


class OutOfMemory(SqlError):
    """The engine process has no memory left; other statements that run beside this one may have taken it."""


class StoreError(Exception):
    """The file of rows cannot be used; the message says where it is and what to do."""


class Interrupted(Exception):
    """The statement was stopped; the message says why."""

    def __init__(
        self, message: str = "Job execution was cancelled: User requested cancellation", reason: str = "stopped"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
