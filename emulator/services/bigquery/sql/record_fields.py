"""SET of a field inside a record, written as SET of the whole column, whose other fields stay as they are.

https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#update_statement
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import Kind, note

Paths = Mapping[tuple[str, ...], exp.Expr]  # what fields are set to, by their names in lower case


def path_of(column: exp.Column, alias: str) -> list[str]:
    """The names of a column and of fields inside of it, without the table's alias in front."""
    names = [part.name for part in column.parts]
    return names[1:] if len(names) > 1 and names[0].lower() == alias.lower() else names


def kind_at(kind: Kind | None, path: Sequence[str], written: str) -> Kind | None:
    """The type of a field inside a column. Raises SqlError where the path leads through what is no STRUCT."""
    for name in path:
        if kind is None:
            return None
        inner = kind.field(name) if kind.name == "STRUCT" else None
        if inner is None and (kind.name != "STRUCT" or name.lower() not in {own.lower() for own, _ in kind.fields}):
            raise SqlError(f"Field {name} does not exist in {written}, which has type {kind}")
        kind = inner
    return kind


def whole(value: exp.Expr, kind: Kind, paths: Paths) -> exp.Expr:
    """A STRUCT with the fields of these paths set anew; value is the STRUCT as it was."""
    pairs = []
    for name, own in kind.fields:
        lower = name.lower()
        given = {path[1:]: new for path, new in paths.items() if path[0] == lower}
        before = note(exp.Dot(this=value.copy(), expression=exp.to_identifier(name, quoted=True)), own)
        new = given.get(())
        if new is None:
            new = whole(before, own, given) if given and own is not None else before
        pairs.append(exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=new))
    return note(exp.Struct(expressions=pairs), kind)
