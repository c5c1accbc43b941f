"""CREATE and DROP ROW ACCESS POLICY, read from their words.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_row_access_policy_statement
"""

from __future__ import annotations

import re

from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.plans import PolicyStatement
from emulator.services.bigquery.sql.references import table_name
from emulator.services.bigquery.sql.routine_ddl import WordReader
from emulator.services.bigquery.sql.special import GAP

START = re.compile(
    rf"{GAP}*(?:CREATE{GAP}+(?:OR{GAP}+REPLACE{GAP}+)?|DROP{GAP}+(?:ALL{GAP}+)?)ROW{GAP}+ACCESS{GAP}+POLIC",
    re.IGNORECASE | re.DOTALL,
)


def read(sql: str, defaults: Defaults) -> PolicyStatement | None:
    """What a statement that makes or drops row access policies says; None for others. Raises SqlError."""
    return _Reader(sql).policy(defaults) if START.match(sql) else None


class _Reader(WordReader):
    """Reads the words of one statement from left to right."""

    def policy(self, defaults: Defaults) -> PolicyStatement:
        """The whole statement."""
        if self.take("DROP", "ALL", "ROW", "ACCESS", "POLICIES"):
            self.need("ON")
            return PolicyStatement("DROP", table_name(self.path(), defaults))
        action = "CREATE" if self.take("CREATE") else "DROP"
        self.take("DROP")
        replace = self.take("OR", "REPLACE")
        for word in ("ROW", "ACCESS", "POLICY"):
            self.need(word)
        tolerant = self.take("IF", "NOT", "EXISTS") or self.take("IF", "EXISTS")
        policy = self.until("ON").strip("` ")
        self.need("ON")
        table = table_name(self.path(), defaults)
        if action == "DROP":
            return PolicyStatement(action, table, policy, tolerant=tolerant)
        grantees = self._grantees() if self.take("GRANT", "TO") else ()
        self.need("FILTER")
        self.need("USING")
        return PolicyStatement(action, table, policy, grantees, self.bracketed(), replace, tolerant)

    def bracketed(self) -> str:
        """What stands between the next parentheses, in which < and > compare."""
        self.need("(")
        first, depth = self._at, 1
        while self._at < len(self._tokens) and depth:
            depth += (self._word() == "(") - (self._word() == ")")
            self._at += 1
        if depth:
            raise SqlError("Syntax error: Expected ) but got end of statement")
        return self._text(first, self._at - 1)

    def path(self) -> str:
        """The name of a table, up to the next clause."""
        return self.until("GRANT", "FILTER").strip()

    def _grantees(self) -> tuple[str, ...]:
        listed = self.bracketed()
        found = tuple(first or second for first, second in re.findall(r"'([^']*)'|\"([^\"]*)\"", listed))
        if not found:
            raise SqlError("GRANT TO takes a list of grantees, such as ('user:ann@example.com').")
        return found
