"""What the dialect needs to know about tables, without knowing where that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.services.bigquery.names import DatasetName, RoutineName, TableName
from emulator.services.bigquery.sql.arguments import Argument
from emulator.services.bigquery.sql.types import Field


@dataclass(frozen=True)
class Defaults:
    """What an incomplete name means: the job's project, and its default dataset if it has one.

    temporary is the dataset of the job's own that holds its temporary tables; "" where there can be none.
    """

    project: str
    dataset: DatasetName | None = None
    temporary: str = ""


@dataclass(frozen=True)
class SchemaView:
    """A reference to INFORMATION_SCHEMA or __TABLES__: of a dataset, or of the project, or of a region of it."""

    project: str
    dataset: str
    view: str
    region: str = ""


@dataclass(frozen=True)
class Wildcard:
    """A reference to all tables whose names start with a prefix."""

    parent: DatasetName
    prefix: str


Reference = TableName | SchemaView | Wildcard | RoutineName


@dataclass(frozen=True)
class Routine:
    """A function or procedure: its kind (FUNCTION, TABLE FUNCTION, PROCEDURE), and types and body as texts."""

    name: RoutineName
    kind: str
    arguments: tuple[Argument, ...]
    returns: str
    body: str


@dataclass(frozen=True)
class TableInfo:
    """A table (its rows are in `storage`, a full DuckDB name) or a view (its query)."""

    name: TableName
    fields: tuple[Field, ...] = ()
    storage: str = ""
    view: str = ""
    kind: str = "TABLE"
    created: int = 0  # milliseconds since 1970
    partitioned_by: str = ""
    clustered_by: tuple[str, ...] = ()
    location: str = ""
    ddl: str = ""
    modified: int = 0  # milliseconds since 1970
    partitioning: Mapping[str, Any] = field(default_factory=dict)  # timePartitioning or rangePartitioning of the API
    rows: int = 0  # this and size (bytes) are looked up for the views that show them
    size: int = 0
    filter_required: bool = False  # queries must limit partitioned_by
    keys: tuple[str, ...] = ()  # of an external table: columns that its objects' names hold
    first: int | None = None  # only so many of its rows, from the first on; None for all
    row_filters: tuple[str, ...] | None = None  # only rows that fulfil one of these conditions; None for all
    hidden: tuple[Field, ...] = ()  # columns of the storage that * does not show


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset, for INFORMATION_SCHEMA.SCHEMATA."""

    name: DatasetName
    location: str = ""
    created: int = 0
    modified: int = 0


@dataclass(frozen=True)
class Snapshot:
    """The tables that one statement names, looked up and authorised before it is translated."""

    tables: Mapping[TableName, TableInfo] = field(default_factory=dict)
    listings: Mapping[DatasetName, tuple[TableInfo, ...]] = field(default_factory=dict)
    datasets: Mapping[str, tuple[DatasetInfo, ...]] = field(default_factory=dict)
    principal: str = ""
    reads: frozenset[TableName] = frozenset()  # named by the statement itself
    view_reads: Mapping[TableName, frozenset[TableName]] = field(default_factory=dict)  # named by a view
    jobs: Mapping[SchemaView, tuple[dict[str, Any], ...]] = field(default_factory=dict)  # as the API shows them
    rows: Mapping[SchemaView, tuple[tuple[Any, ...], ...]] = field(default_factory=dict)  # of other views
    routines: Mapping[RoutineName, Routine] = field(default_factory=dict)  # named by statements, views and routines
    routine_reads: Mapping[RoutineName, frozenset[TableName]] = field(default_factory=dict)  # named by a routine
