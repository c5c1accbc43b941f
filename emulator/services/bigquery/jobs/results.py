"""Anonymous tables: the results of queries without a destination, kept for a day."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery import keyed
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.catalog import TableInfo
from emulator.services.bigquery.sql.engine import result_table
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from emulator.context import Context

RESULT_MS = 24 * 3600 * 1000
OF_SESSIONS = "_session"  # how the datasets begin that hold the temporary tables of sessions, and live on as these do
HIDDEN = "hidden"  # of a column: `*` does not show it
LIVE = "(created > ? OR dataset GLOB ?)"


@dataclass(frozen=True)
class Result:
    """A stored result: only the caller who made it may read it; with no principal, whoever may read its objects."""

    name: TableName
    storage: str
    fields: tuple[Field, ...]
    principal: str
    created: int

    @property
    def table(self) -> str:
        """Its full name in DuckDB."""
        return result_table(self.storage)

    @property
    def visible(self) -> tuple[Field, ...]:
        """The columns that `*` shows."""
        return tuple(field for field in self.fields if not field.get(HIDDEN))

    def info(self) -> TableInfo:
        """What the dialect needs to know of it."""
        hidden = tuple(field for field in self.fields if field.get(HIDDEN))
        return TableInfo(self.name, self.visible, self.table, created=self.created, hidden=hidden)

    def view(self, context: Context) -> dict[str, Any]:
        """As tables.get shows it."""
        return {
            "kind": "bigquery#table",
            "id": str(self.name),
            "etag": self.storage,
            "selfLink": f"{context.settings.base_url}/bigquery/v2/{self.name.resource}",
            "tableReference": self.name.reference,
            "schema": {"fields": list(self.fields)},
            "type": "TABLE",
            "creationTime": str(self.created),
            "lastModifiedTime": str(self.created),
            "expirationTime": str(self.created + RESULT_MS),
        }


def find(context: Context, name: TableName) -> Result | None:
    """The result of that name, or None. Raises a 400 for one that a key protects which is not enabled."""
    if not name.dataset.startswith("_"):
        return None
    row = context.db.one(
        "SELECT storage, schema, principal, created FROM bigquery_results "
        f"WHERE project = ? AND dataset = ? AND name = ? AND {LIVE}",
        (name.project, name.dataset, name.table, *_live(context)),
    )
    if row is None:
        return None
    keyed.of(context).require_open(row["storage"])
    return Result(name, row["storage"], tuple(orjson.loads(row["schema"])), row["principal"], row["created"])


def _live(context: Context) -> tuple[int, str]:
    """The arguments of LIVE: what has been there since a day ago, and where it lives on longer."""
    return int(context.clock.seconds() * 1000) - RESULT_MS, f"{OF_SESSIONS}*"


def storages(context: Context) -> frozenset[str]:
    """The storages of all results and temporary tables that there are."""
    rows = context.db.all(f"SELECT storage FROM bigquery_results WHERE {LIVE}", _live(context))
    return frozenset(row["storage"] for row in rows)


def insert_in(tx: sqlite3.Connection, result: Result) -> None:
    """Keep a result inside a write."""
    name = result.name
    tx.execute(
        "INSERT OR REPLACE INTO bigquery_results VALUES(?,?,?,?,?,?,?)",
        (
            name.project, name.dataset, name.table, result.storage, orjson.dumps(list(result.fields)),
            result.principal, result.created,
        ),
    )  # fmt: skip


def delete_in(tx: sqlite3.Connection, name: TableName) -> None:
    """Forget a result inside a write; its rows go with the next start."""
    tx.execute(
        "DELETE FROM bigquery_results WHERE project = ? AND dataset = ? AND name = ?",
        (name.project, name.dataset, name.table),
    )


def delete_dataset_in(tx: sqlite3.Connection, dataset: str) -> None:
    """Forget all results of a dataset inside a write."""
    tx.execute("DELETE FROM bigquery_results WHERE dataset = ?", (dataset,))
