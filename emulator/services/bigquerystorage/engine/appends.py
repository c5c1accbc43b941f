"""What goes to the engine process and comes back when rows are appended; plain values that travel pickled."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.errors import ApiError
from emulator.services.bigquery.sql.types import Field

PROTO, ARROW = "PROTO", "ARROW"
RowErrors = tuple[tuple[int, str], ...]  # the number of a row in its request, and what is wrong with it


@dataclass(frozen=True)
class Shape:
    """How rows are written: their format, its schema as it was sent, and the columns that have defaults when missing.

    The schema is a DescriptorProto, or a schema of Arrow's IPC; defaults are names of columns, in lower case.
    """

    form: str
    schema: bytes
    defaults: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Append:
    """The rows of one request: protocol buffers, or one record batch.

    stream is the write stream's name, "" for the default stream; offset is where the rows are to begin, if told.
    """

    stream: str
    offset: int | None
    shape: Shape
    rows: tuple[bytes, ...]


@dataclass(frozen=True)
class Table:
    """The table that rows are for: its storage's full name, its columns, and who writes when.

    created is when the table was made, in milliseconds since 1970, by which it is told from another of its name;
    now is in microseconds since 1970.
    """

    place: str
    fields: list[Field]
    created: int
    principal: str
    now: int


@dataclass(frozen=True)
class Appended:
    """What came of a request: the offset of its first row (None in the default stream), or why nothing was stored."""

    offset: int | None = None
    problem: ApiError | None = None
    row_errors: RowErrors = ()


class BadRowsError(Exception):
    """Rows that do not fit; nothing of their request is stored."""

    def __init__(self, errors: RowErrors) -> None:
        super().__init__(errors)
        self.errors = errors
