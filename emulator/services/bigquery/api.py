"""What other services do with BigQuery in-process. The caller checks permissions; see `require_writer`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, encryption, errors, schemas, tables, warehouse
from emulator.services.bigquery.jobs import commit
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.requests import check_table_id
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.rows import RowError, RowReader
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from emulator.context import Context

Row = dict[str, Any]
Batches = AsyncIterable[list[Row]] | Iterable[list[Row]]

__all__ = ["append_rows", "create_view", "dataset_exists", "require_writer", "table_exists", "write_table"]


def dataset_exists(context: Context, project: str, dataset: str) -> bool:
    """Whether there is a dataset of that name."""
    return catalog.find_dataset(context, DatasetName(project, dataset)) is not None


def table_exists(context: Context, project: str, dataset: str, table: str) -> bool:
    """Whether there is a table or view of that name."""
    return catalog.find_table(context, TableName(project, dataset, table)) is not None


def require_writer(context: Context, principal: str, project: str, dataset: str, table: str) -> None:
    """Raise 403 or 404 where `principal` may not write that table, or create it where it is not there."""
    commit.check_permissions(context, commit.Target(TableName(project, dataset, table), ""), principal)


async def create_view(context: Context, project: str, dataset: str, name: str, query: str, principal: str) -> None:
    """Make a view of a GoogleSQL query, which `principal` must be allowed to read from. Raises 400, 403, 404, 409."""
    view = {"view": {"query": query, "useLegacySql": False}}
    await tables.create(context, TableName(project, dataset, name), view, principal)


async def write_table(
    context: Context,
    project: str,
    dataset: str,
    table: str,
    schema: list[Field],
    rows: Batches,
    disposition: str = commit.WRITE_EMPTY,
    job: str = "",
    body: dict[str, Any] | None = None,
    keys: tuple[str, ...] = (),
) -> int:
    """Write a whole table from batches of rows (JSON objects), and give their number.

    disposition is WRITE_EMPTY (a table with rows is a 409), WRITE_TRUNCATE or WRITE_APPEND (which widens the schema).
    The table shows all rows or none of them. A `job` that is named again after a crash writes once. `body` is
    what a table that is made or replaced gets beside (timePartitioning, tableConstraints). `keys` are columns by which
    appended rows take the place of those that are there.
    Raises ApiError 400 for a schema or row that does not fit, 404 for the dataset, 409.
    """
    name = TableName(project, dataset, table)
    check_table_id(table)
    fields = schemas.checked(schema)
    key = job or f"write-{context.ids.hex(24)}"
    target = commit.Target(name, key, disposition, add_fields=True, relax_fields=True, body=body or {}, keys=keys)
    catalog.dataset(context, name.parent)
    if job and await commit.is_done(context, target):
        return 0
    await _refuse_full(context, target)
    house = warehouse.of(context)
    staging = await commit.staging(context, target)
    await house.run(storage.create, stored(staging), fields, short=True)
    reader = RowReader(fields)
    count = 0
    try:
        async for batch in _batches(rows):
            read = _read(reader, batch)
            await house.run(storage.append, stored(staging), fields, read, again=False)
            count += len(read)
    except BaseException:
        await house.drop(staging)
        raise
    await commit.put(context, target, staging, fields)
    return count


async def _refuse_full(context: Context, target: commit.Target) -> None:
    """Refuse early what would be refused after all the work: WRITE_EMPTY on a table with rows."""
    found = catalog.find_table(context, target.name)
    if found is None or target.write != commit.WRITE_EMPTY:
        return
    sizes = await warehouse.of(context).sizes(catalog.storage_of(found.body), catalog.fields_of(found.body))
    if sizes[0] or catalog.kind_of(found.body) != "TABLE":
        raise errors.duplicate("Table", target.name)


async def append_rows(
    context: Context,
    project: str,
    dataset: str,
    table: str,
    schema: list[Field],
    rows: Iterable[Row],
    body: dict[str, Any] | None = None,
    replaced: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None,
) -> int:
    """Append rows (JSON objects), making the table or adding columns where need be; durable on return.

    `body` is what a table that is made gets beside (timePartitioning, tableConstraints). `replaced` is columns of
    texts, and the sets of values of which rows go when the new ones come.
    Raises ApiError 400 for a schema or row that does not fit, 404 for the dataset.
    """
    name = TableName(project, dataset, table)
    house = warehouse.of(context)
    wanted = schemas.checked(schema)
    async with house.lock(name):
        found = catalog.find_table(context, name)
        if found is None:
            found = await tables.create(context, name, {**(body or {}), "schema": {"fields": wanted}}, "")
        encryption.require_open(context, project, found.body)
        columns = catalog.fields_of(found.body)
        widened = schemas.widened(columns, wanted)
        commit.check_fits(name, widened, wanted)
        if widened != columns:
            found = await tables.alter(context, found, {**found.body, "schema": {"fields": widened}}, "")
        place = catalog.storage_of(found.body)
        if not place:
            raise errors.invalid(f"Cannot add rows to a table of type VIEW: {name}.")
        read = _read(RowReader(widened), rows)
        if replaced:
            await house.before_change(place)
            await house.run(storage.replace, stored(place), widened, read, *replaced, short=True)
        else:
            await house.run(storage.append, stored(place), widened, read, short=True, again=False)
        house.changed(place)
    return len(read)


def _read(reader: RowReader, rows: Iterable[Row]) -> list[Row]:
    try:
        return [reader.read(row) for row in rows]
    except RowError as problem:
        raise errors.invalid(f"{problem.message} (field {problem.location})") from None


async def _batches(rows: Batches) -> AsyncIterator[list[Row]]:
    if isinstance(rows, AsyncIterable):
        async for batch in rows:
            yield batch
        return
    for batch in rows:
        yield batch
