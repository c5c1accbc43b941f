"""Which tables a statement names, and what stands for them in DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.catalog import Defaults, SchemaView, Wildcard
from emulator.services.bigquery.sql.ctes import meant
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.nodes import unnest_name

PROJECT_VIEWS = (
    *("SCHEMATA", "SCHEMATA_OPTIONS", "OBJECT_PRIVILEGES", "TABLE_STORAGE", "TABLE_STORAGE_BY_PROJECT"),
    *("JOBS", "JOBS_BY_PROJECT", "JOBS_BY_USER", "SESSIONS_BY_PROJECT", "SESSIONS_BY_USER"),
)
REGION = re.compile(r"region-[a-z0-9-]+\Z", re.IGNORECASE)


def resolve(table: exp.Table, defaults: Defaults) -> TableName | SchemaView | Wildcard:
    """What a table node names. Raises SqlError for a name that is incomplete or malformed."""
    path = ".".join(part.name for part in table.parts)
    parts = path.split(".")
    upper = [part.upper() for part in parts]
    if "INFORMATION_SCHEMA" in upper:
        return _schema_view(parts, upper.index("INFORMATION_SCHEMA"), defaults)
    if len(parts) == 1:
        if defaults.dataset is None:
            raise SqlError(f'Table "{path}" must be qualified with a dataset (e.g. dataset.table).', "invalid")
        name = defaults.dataset.table(parts[0])
    elif len(parts) == 2:
        name = TableName(defaults.project, *parts)
    elif len(parts) == 3:
        name = TableName(*parts)
    else:
        raise SqlError(f'Invalid table name: "{path}"; write project.dataset.table.', "invalid")
    if name.table.upper() == "__TABLES__":
        return SchemaView(name.project, name.dataset, "__TABLES__")
    if name.table.endswith("*"):
        return Wildcard(name.parent, name.table[:-1])
    return name


def table_name(path: str, defaults: Defaults) -> TableName:
    """The table of a path as written, backquotes or not. Raises SqlError for what names none."""
    name = exp.to_identifier(path.replace("`", "").replace(" ", ""), quoted=True)
    found = resolve(exp.Table(this=name), defaults)
    if not isinstance(found, TableName):
        raise SqlError(f"{path} does not name a table.")
    return found


def _schema_view(parts: list[str], at: int, defaults: Defaults) -> SchemaView:
    if at + 1 >= len(parts):
        raise SqlError("INFORMATION_SCHEMA must be followed by the name of a view, such as TABLES.")
    view = ".".join(parts[at + 1 :]).upper()
    before = parts[:at]
    if before and REGION.match(before[-1]):
        project = ".".join(before[:-1]) or defaults.project
        return SchemaView(project, "", view, before[-1].lower().removeprefix("region-"))
    if view in PROJECT_VIEWS:
        return SchemaView(before[0] if before else defaults.project, "", view)
    if len(before) == 2:
        return SchemaView(before[0], before[1], view)
    if len(before) == 1:
        return SchemaView(defaults.project, before[0], view)
    dataset = defaults.dataset
    return SchemaView(dataset.project if dataset else defaults.project, dataset.dataset if dataset else "", view)


def tables(tree: exp.Expr) -> Iterator[exp.Table]:
    """The table nodes of a statement that are not names of common table expressions."""
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not table.meta.get("ours") and meant(table) is None:
            yield table


def unnest_paths(tree: exp.Expr) -> None:
    """`FROM t.records` where t is a source of an enclosing query means UNNEST(t.records): say so in the tree."""
    for table in list(tree.find_all(exp.Table)):
        parts = [part.name for part in table.parts]
        if len(parts) < 2 or not isinstance(table.this, exp.Identifier):
            continue
        if parts[0].lower() not in _outer_aliases(table) | _earlier_aliases(table):
            continue
        column = exp.column(*[exp.to_identifier(part, quoted=True) for part in reversed(parts[-4:])])
        alias = table.args.get("alias")
        columns = [exp.to_identifier(alias.name)] if alias is not None and alias.name else []
        table.replace(exp.Unnest(expressions=[column], alias=exp.TableAlias(columns=columns) if columns else None))


def _earlier_aliases(table: exp.Table) -> set[str]:
    """The names of the UNNESTs before a table in its FROM clause; the parser itself looks at tables there."""
    select = table.find_ancestor(exp.Select)
    start = select.args.get("from_") if select is not None and isinstance(table.parent, exp.Join) else None
    if select is None or start is None:
        return set()
    before = [start.this]
    for join in select.args.get("joins") or ():
        if join is table.parent:
            break
        before.append(join.this)
    return {unnest_name(source).lower() for source in before if isinstance(source, exp.Unnest)}


def _outer_aliases(table: exp.Table) -> set[str]:
    names: set[str] = set()
    query = table.find_ancestor(exp.Select)
    while query is not None:
        query = query.find_ancestor(exp.Select)
        if query is not None:
            start = query.args.get("from_")
            sources = [start.this] if start is not None else []
            sources += [join.this for join in query.args.get("joins") or ()]
            names.update(source.alias_or_name.lower() for source in sources)
    return names
