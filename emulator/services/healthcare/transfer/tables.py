"""The tables of BigQuery that exports and streams of any kind of store write, as the service agent may."""

import re
from collections.abc import AsyncIterable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from emulator.context import Job
from emulator.errors import ApiError, invalid_argument
from emulator.services.bigquery import api
from emulator.services.healthcare import agent

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_URI = re.compile(r"bq://([^.:/]+(?:\.com:[^.:/]+)?)[.:](\w+)\.([\w\-$]+)")
_DISPOSITIONS = ("WRITE_EMPTY", "WRITE_TRUNCATE", "WRITE_APPEND")


@dataclass(frozen=True, slots=True)
class TableUri:
    """bq://PROJECT.DATASET.TABLE."""

    project: str
    dataset: str
    table: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read the URI of a table; 400 if it is none."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise invalid_argument(f'Invalid BigQuery tableUri "{uri[:200]}": it must be bq://PROJECT.DATASET.TABLE.')
        return cls(*found.groups())

    def __str__(self) -> str:
        return f"bq://{self.project}.{self.dataset}.{self.table}"


def disposition(given: Json) -> str:
    """The write disposition of a bigqueryDestination: WRITE_EMPTY, WRITE_TRUNCATE or WRITE_APPEND.

    `force` counts where writeDisposition is not set.
    """
    wanted = given.get("writeDisposition", "WRITE_DISPOSITION_UNSPECIFIED")
    if wanted in _DISPOSITIONS:
        return str(wanted)
    return "WRITE_TRUNCATE" if given.get("force") else "WRITE_EMPTY"


def require_own_project(project: str, store: str) -> None:
    """Raise 400 for a table or dataset in another project than the store's."""
    if project != store.split("/")[1]:
        raise invalid_argument("The BigQuery dataset must be in the same project as the store.")


def require_editor(context: "Context", store: str, uri: TableUri) -> None:
    """Raise Google's message unless the store's agent may write the table; 404 where there is no such dataset."""
    try:
        api.require_writer(context, agent.principal(context, store), uri.project, uri.dataset, uri.table)
    except ApiError as problem:
        raise agent.lacks_permission("BigQuery") if problem.code == 403 else problem from None


def require_jobs(context: "Context", store: str, project: str) -> None:
    """Raise Google's message unless the store's agent may run BigQuery's jobs in a project, as exports do."""
    agent.require(context, store, ("bigquery.jobs.create",), f"projects/{project}", "BigQuery")


async def append(
    context: "Context",
    store: str,
    uri: TableUri,
    columns: list[Json],
    rows: Iterable[Json],
    body: Json | None = None,
    replaced: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None,
) -> None:
    """Append rows to a table, which is made, or gets columns, where need be. Raises what BigQuery refuses.

    body      what a table that is made gets beside its columns: timePartitioning, tableConstraints
    replaced  columns, and the sets of their values whose rows go
    """
    require_editor(context, store, uri)
    await api.append_rows(context, uri.project, uri.dataset, uri.table, columns, rows, body, replaced)


async def ensure_view(context: "Context", store: str, uri: TableUri, query: str) -> None:
    """Make a view of a query, unless something of that name is there. Raises what BigQuery refuses."""
    if not api.table_exists(context, uri.project, uri.dataset, uri.table):
        await api.create_view(context, uri.project, uri.dataset, uri.table, query, agent.principal(context, store))


async def write(
    job: Job,
    uri: TableUri,
    columns: list[Json],
    rows: AsyncIterable[list[Json]],
    disposition: str,
    body: Json | None = None,
    keys: tuple[str, ...] = (),
) -> int:
    """Write a table in one load, so that it is there whole or as it was before; gives the number of rows.

    A job that runs again after a crash writes a table that it has written no second time, and gives 0. A table that is
    made or replaced gets `body` beside its columns; appended rows take the place of those with the same `keys`.
    """
    key, to = f"{job.operation.name}/{uri}", (uri.project, uri.dataset, uri.table)
    return await api.write_table(job.context, *to, columns, rows, disposition, job=key, body=body, keys=keys)
