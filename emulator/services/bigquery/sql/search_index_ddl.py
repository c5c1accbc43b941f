"""CREATE and DROP SEARCH INDEX, read from their words.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_search_index_statement
"""

from __future__ import annotations

import re
from typing import Any

from emulator.services.bigquery.sql import ddl
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.plans import IndexStatement
from emulator.services.bigquery.sql.references import table_name
from emulator.services.bigquery.sql.routine_ddl import WordReader
from emulator.services.bigquery.sql.special import GAP
from emulator.services.bigquery.sql.trees import syntax

START = re.compile(rf"{GAP}*(?:CREATE|DROP){GAP}+SEARCH{GAP}+INDEX\b", re.IGNORECASE | re.DOTALL)


def read(sql: str, defaults: Defaults) -> IndexStatement | None:
    """What a statement that makes or drops a search index says; None for others. Raises SqlError."""
    return _Reader(sql).statement(defaults) if START.match(sql) else None


class _Reader(WordReader):
    """Reads the words of one statement from left to right."""

    def statement(self, defaults: Defaults) -> IndexStatement:
        """The whole statement."""
        action = "CREATE" if self.take("CREATE") else "DROP"
        self.take("DROP")
        for word in ("SEARCH", "INDEX"):
            self.need(word)
        tolerant = self.take("IF", "NOT", "EXISTS") or self.take("IF", "EXISTS")
        index = self.until("ON").strip("` ")
        self.need("ON")
        table = table_name(self.until("(").strip(), defaults)
        if action == "DROP":
            return IndexStatement(action, table, index, tolerant=tolerant)
        columns = self._columns()
        options = self._options() if self.take("OPTIONS") else {}
        if self._word():
            raise SqlError(f"{self._word()} of CREATE SEARCH INDEX is not emulated.")
        return IndexStatement(action, table, index, columns, options, self._sql.strip().rstrip(";"), tolerant)

    def _columns(self) -> tuple[str, ...]:
        """The columns that are listed; none for ALL COLUMNS."""
        listed = " ".join(self.bracketed().split())
        if listed.upper() == "ALL COLUMNS":
            return ()
        if "(" in listed:
            raise SqlError("Options of the columns of a search index are not emulated.")
        return tuple(name.strip().strip("`") for name in listed.split(","))

    def _options(self) -> dict[str, Any]:
        (tree,) = syntax(f"EXPORT DATA OPTIONS ({self.bracketed()}) AS SELECT 1")
        return ddl.file_options(tree.args.get("options"))
