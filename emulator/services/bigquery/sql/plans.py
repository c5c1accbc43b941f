"""What the statements of a script are, as plain values: parsed in the engine process, acted on outside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.sql.arguments import Argument
from emulator.services.bigquery.sql.catalog import Defaults, Reference
from emulator.services.bigquery.sql.types import Field

DML = ("INSERT", "UPDATE", "DELETE", "MERGE")  # statements that change rows of a table that exists


@dataclass(frozen=True)
class Variable:
    """A variable of a script: its type as a column has it, its value as a QueryParameterValue, None for NULL."""

    name: str
    field: Field
    value: dict[str, Any] | None = None


@dataclass(frozen=True)
class Script:
    """The text of a query job, and what its names and parameters mean. parameters are QueryParameters of the API."""

    text: str
    defaults: Defaults
    parameters: list[dict[str, Any]] = field(default_factory=list)
    functions: tuple[str, ...] = ()  # the CREATE TEMP FUNCTIONs before it
    tables: tuple[str, ...] = ()  # the temporary tables that there are, in lower case
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True)
class Create:
    """CREATE TABLE, VIEW or SCHEMA. body is what the REST resource gets besides schema and query."""

    replace: bool
    exists_ok: bool
    fields: tuple[Field, ...] = ()
    query: str = ""
    like: bool = False  # fields come from the table of LIKE
    copy: bool = False  # and rows too
    cloned: bool = False  # by CLONE, not COPY
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """DROP TABLE, VIEW or SCHEMA."""

    missing_ok: bool
    cascade: bool


@dataclass(frozen=True)
class Change:
    """One action of ALTER TABLE: add, drop, rename, type, nullable, default, describe, options, and those on keys.

    add_keys has TableConstraints as its options; drop_key the name of a foreign key as its column; drop_primary_key.
    """

    action: str
    column: str = ""
    definition: Field | None = None
    to: str = ""
    tolerant: bool = False  # IF [NOT] EXISTS
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RoutineStatement:
    """CREATE or DROP of a FUNCTION, TABLE FUNCTION or PROCEDURE. kind is one of these; returns is a type as written."""

    action: str
    kind: str
    path: str
    replace: bool = False
    tolerant: bool = False  # IF [NOT] EXISTS
    arguments: tuple[Argument, ...] = ()
    returns: str = ""
    language: str = "SQL"
    body: str = ""
    description: str = ""


@dataclass(frozen=True)
class PolicyStatement:
    """CREATE or DROP of row access policies of a table; DROP without the name of one drops all."""

    action: str
    table: TableName
    policy: str = ""
    grantees: tuple[str, ...] = ()
    predicate: str = ""
    replace: bool = False
    tolerant: bool = False  # IF [NOT] EXISTS


@dataclass(frozen=True)
class GrantStatement:
    """GRANT or REVOKE of roles on a SCHEMA, TABLE, VIEW or PROJECT; members are as policies name them."""

    action: str
    kind: str
    roles: tuple[str, ...]
    members: tuple[str, ...]
    table: TableName | None = None
    schema: DatasetName | None = None
    project: str = ""


@dataclass(frozen=True)
class IndexStatement:
    """CREATE or DROP of the search index of a table. columns are none for ALL COLUMNS; text is the statement."""

    action: str
    table: TableName
    index: str
    columns: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    tolerant: bool = False  # IF [NOT] EXISTS


@dataclass(frozen=True)
class Plan:
    """One statement: its number in the script, its statementType, the tables that it reads and the one it changes."""

    number: int
    kind: str
    reads: tuple[Reference, ...] = ()
    target: TableName | None = None
    schema: DatasetName | None = None  # of CREATE, ALTER and DROP SCHEMA
    create: Create | None = None
    drop: Drop | None = None
    changes: tuple[Change, ...] = ()
    if_exists: bool = False  # what the changes are for need not be there
    options: dict[str, Any] = field(default_factory=dict)  # of EXPORT DATA and LOAD DATA
    fields: tuple[Field, ...] = ()  # the columns that LOAD DATA lists
    overwrite: bool = False  # LOAD DATA OVERWRITE
    routine: RoutineStatement | None = None
    policy: PolicyStatement | None = None
    index: IndexStatement | None = None
    grant: GrantStatement | None = None

    @property
    def is_dml(self) -> bool:
        """Whether it changes rows of a table that exists."""
        return self.kind in DML
