"""The statements of a script as plain values: read in the engine process, acted on outside it.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a piece of a script stands; lines and columns count from 1, the end is that of the last character."""

    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"[{self.line}:{self.column}]"


@dataclass(frozen=True)
class Fragment:
    """A statement or an expression as it is written, and which of the script's positional parameters it has."""

    text: str
    place: Place
    parameters: tuple[int, ...] = ()


@dataclass(frozen=True)
class Statement:
    """A statement of SQL. kind is FUNCTION for CREATE TEMP FUNCTION, ROUTINE for what makes or drops one."""

    sql: Fragment
    kind: str = ""


@dataclass(frozen=True)
class Declare:
    """DECLARE: variables of a type, of the type of their default, or of both."""

    sql: Fragment
    names: tuple[str, ...]
    kind: str
    default: Fragment | None


@dataclass(frozen=True)
class Assign:
    """SET: one value for one variable, or a STRUCT for several. Names of system variables start with @@."""

    sql: Fragment
    targets: tuple[str, ...]
    value: Fragment
    listed: bool = False  # whether the targets stand in brackets, as those of a STRUCT's fields do


@dataclass(frozen=True)
class Branches:
    """IF, and CASE as a statement: the first branch whose condition holds."""

    branches: tuple[tuple[Fragment, tuple[Node, ...]], ...]
    otherwise: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Loop:
    """LOOP, WHILE (condition before) and REPEAT (until after)."""

    label: str
    body: tuple[Node, ...]
    condition: Fragment | None = None
    until: Fragment | None = None


@dataclass(frozen=True)
class For:
    """FOR variable IN (query) DO."""

    label: str
    variable: str
    query: Fragment
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Block:
    """BEGIN ... END; handler is what follows EXCEPTION WHEN ERROR THEN."""

    label: str
    body: tuple[Node, ...]
    handler: tuple[Node, ...] | None = None


@dataclass(frozen=True)
class Jump:
    """BREAK or LEAVE, CONTINUE or ITERATE, RETURN; label is empty for the innermost loop."""

    kind: str
    label: str = ""


@dataclass(frozen=True)
class Raise:
    """RAISE, again or with a message."""

    sql: Fragment
    message: Fragment | None


@dataclass(frozen=True)
class Assert:
    """ASSERT, with what its failure says."""

    sql: Fragment
    condition: Fragment
    said: str


@dataclass(frozen=True)
class Execute:
    """EXECUTE IMMEDIATE: the expression for the text, variables that take the row, values with their names."""

    sql: Fragment
    text: Fragment
    into: tuple[str, ...]
    using: tuple[tuple[Fragment, str], ...]


@dataclass(frozen=True)
class Transaction:
    """BEGIN, COMMIT or ROLLBACK TRANSACTION."""

    sql: Fragment
    action: str


@dataclass(frozen=True)
class Call:
    """CALL of a procedure."""

    sql: Fragment
    procedure: str
    arguments: tuple[Fragment, ...]


Node = (
    Statement | Declare | Assign | Branches | Loop | For | Block | Jump | Raise | Assert | Execute | Transaction | Call
)
LEAVE, ITERATE, RETURN = "LEAVE", "ITERATE", "RETURN"
