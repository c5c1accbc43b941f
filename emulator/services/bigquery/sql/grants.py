"""GRANT and REVOKE, read from their words.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-control-language
"""

from __future__ import annotations

import re

from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.plans import GrantStatement
from emulator.services.bigquery.sql.references import table_name
from emulator.services.bigquery.sql.routine_ddl import WordReader
from emulator.services.bigquery.sql.special import GAP

START = re.compile(rf"{GAP}*(?:GRANT|REVOKE)\b", re.IGNORECASE | re.DOTALL)
KINDS = ("SCHEMA", "TABLE", "VIEW", "PROJECT")
ROLE = re.compile(r"(?:(?:projects|organizations)/[^/\s]+/)?roles/[\w.]+\Z")
LITERAL = re.compile(r"\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")\s*(,|\Z)")
SPECIAL_GROUP = "specialGroup:"


def read(sql: str, defaults: Defaults) -> GrantStatement | None:
    """What a statement that gives or takes roles says; None for others. Raises SqlError."""
    return _Reader(sql).grant(defaults) if START.match(sql) else None


class _Reader(WordReader):
    """Reads the words of one statement from left to right."""

    def grant(self, defaults: Defaults) -> GrantStatement:
        """The whole statement."""
        action = "GRANT" if self.take("GRANT") else "REVOKE"
        self.take("REVOKE")
        roles = _roles(self.until("ON"))
        self.need("ON")
        self.take("EXTERNAL")
        kind = next((kind for kind in KINDS if self.take(kind)), "")
        if not kind:
            raise SqlError(f"Syntax error: {action} ... ON takes SCHEMA, TABLE, VIEW, EXTERNAL TABLE or PROJECT")
        word = "TO" if action == "GRANT" else "FROM"
        path = self.until(word).strip()
        self.need(word)
        members = _members(self._text(self._at, len(self._tokens)))
        if kind in ("TABLE", "VIEW"):
            return GrantStatement(action, kind, roles, members, table=table_name(path, defaults))
        if kind == "SCHEMA":
            return GrantStatement(action, kind, roles, members, schema=_schema(path, defaults))
        return GrantStatement(action, kind, roles, members, project=path.replace("`", "") or defaults.project)


def _roles(text: str) -> tuple[str, ...]:
    roles = tuple(part.strip().strip("`").strip() for part in text.split(","))
    for role in roles:
        if not ROLE.match(role) or f"`{role}`" not in text:
            raise SqlError(f"A role is written as `roles/bigquery.dataViewer`, in backquotes, and not as {role!r}.")
    return roles


def _schema(path: str, defaults: Defaults) -> DatasetName:
    parts = path.replace("`", "").replace(" ", "").split(".")
    if len(parts) not in (1, 2) or not all(parts):
        raise SqlError(f"{path} does not name a dataset.")
    return DatasetName(*parts) if len(parts) == 2 else DatasetName(defaults.project, parts[0])


def _members(text: str) -> tuple[str, ...]:
    found, at = [], 0
    while literal := LITERAL.match(text, at):
        found.append((literal[1] or literal[2] or "").removeprefix(SPECIAL_GROUP))
        at = literal.end()
        if not literal[3]:
            return tuple(found)
    raise SqlError('Users are listed as strings, such as "user:ann@example.com", "group:team@example.com".')
