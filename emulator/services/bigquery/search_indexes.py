"""Search indexes of tables, as the catalogue keeps them: SEARCH gives the same with one as without.

https://cloud.google.com/bigquery/docs/search-index
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from emulator.services.bigquery import catalog, errors
from emulator.services.bigquery.sql.plans import IndexStatement
from emulator.services.bigquery.sql.scalars.search import LOG, NO_OP, PATTERN
from emulator.services.bigquery.sql.types import STANDARD_NAMES, Field, field_type

INDEX = "_searchIndex"  # of a table's resource
ANALYZERS = (LOG, NO_OP, PATTERN)
DATA_TYPES = ("STRING", "INT64", "TIMESTAMP")
OPTIONS = ("analyzer", "analyzer_options", "data_types", "default_index_column_granularity")


def of_table(body: dict[str, Any]) -> dict[str, Any] | None:
    """The index of a table: its name, columns (none for all), options, statement, and when it was made (ms)."""
    found: dict[str, Any] | None = body.get(INDEX)
    return found


def made(wanted: IndexStatement, fields: Sequence[Field], now: int) -> dict[str, Any]:
    """The index that a statement asks for. Raises 400 for columns and options that no index has."""
    _check_options(wanted.options)
    index = {"name": wanted.index, "columns": list(wanted.columns), "options": dict(wanted.options)}
    for column in wanted.columns:
        if not any(column.lower() == field["name"].lower() for field in fields):
            raise errors.error("invalidQuery", f"Column {column} is not present in table {wanted.table}")
        if not list(paths({**index, "columns": [column]}, fields)):
            raise errors.error("invalidQuery", f"Column {column} holds nothing that a search index takes.")
    if not list(paths(index, fields)):
        raise errors.error("invalidQuery", f"Table {wanted.table} has no column that a search index takes.")
    return {**index, "ddl": wanted.text, "created": now}


def _check_options(options: dict[str, Any]) -> None:
    if strange := [name for name in options if name not in OPTIONS]:
        raise errors.error("invalidQuery", f"Unknown option: {strange[0]}; an index has {', '.join(OPTIONS)}.")
    analyzer = options.get("analyzer", LOG)
    if analyzer not in ANALYZERS:
        raise errors.error("invalidQuery", f"Unknown analyzer {analyzer}; there are {', '.join(ANALYZERS)}.")
    if strange := [kind for kind in options.get("data_types") or () if kind not in DATA_TYPES]:
        raise errors.error("invalidQuery", f"A search index has no data of type {strange[0]}.")


def paths(index: dict[str, Any], fields: Sequence[Field]) -> Iterator[tuple[str, str]]:
    """The columns that an index has, with the paths of what is indexed of them (`c.f.g`)."""
    kinds = {*(index["options"].get("data_types") or ("STRING",)), "JSON"}
    chosen = {column.lower() for column in index["columns"]}
    for field in fields:
        if not chosen or field["name"].lower() in chosen:
            yield from ((field["name"], path) for path in _leaves(field, field["name"], kinds))


def _leaves(field: Field, path: str, kinds: set[str]) -> Iterator[str]:
    kind = field_type(field)
    if kind == "RECORD":
        for child in field["fields"]:
            yield from _leaves(child, f"{path}.{child['name']}", kinds)
    elif STANDARD_NAMES.get(kind, kind) in kinds:
        yield path


def fields_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The columns and paths of a table's index; none where it has no index."""
    index = of_table(body)
    return [] if index is None else list(paths(index, catalog.fields_of(body)))
