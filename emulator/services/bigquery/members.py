"""Members that the access lists of datasets name."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.services.bigquery import access, catalog
from emulator.services.iam.members import renames

if TYPE_CHECKING:
    from emulator.context import Context


@renames
def rename_member(tx: sqlite3.Connection, context: Context, before: str, after: str) -> None:
    """Put one member, as policies name it, in place of another in every dataset's access list."""
    email = before.partition("?")[0].rpartition(":")[2]
    sql = "SELECT name FROM resources WHERE kind = ? AND instr(body, ?)"
    for row in tx.execute(sql, (catalog.DATASETS, email.encode())).fetchall():
        body = context.resources.require(catalog.DATASETS, row["name"], tx).body
        changed = access.renamed(body.get("access") or [], before, after)
        if changed != body.get("access"):
            context.resources.replace(tx, catalog.DATASETS, row["name"], {**body, "access": changed})
