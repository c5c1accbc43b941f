"""One statement of GoogleSQL as one statement of DuckDB."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp

from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import assignments, defaults, information_schema, row_filters
from emulator.services.bigquery.sql.catalog import Defaults, SchemaView, Snapshot, TableInfo, Wildcard
from emulator.services.bigquery.sql.ctes import rename
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.functions import rewrite_functions
from emulator.services.bigquery.sql.inference import Inference
from emulator.services.bigquery.sql.kinds import Kind, of_field
from emulator.services.bigquery.sql.messages import UNKNOWN
from emulator.services.bigquery.sql.nodes import is_translated, stored_table, translated
from emulator.services.bigquery.sql.partition_filters import filtered, require
from emulator.services.bigquery.sql.plans import Variable
from emulator.services.bigquery.sql.pseudo import hide, own_rows, spell_out_columns, spell_out_dates, wanted
from emulator.services.bigquery.sql.references import resolve, tables
from emulator.services.bigquery.sql.routines import expand
from emulator.services.bigquery.sql.scopes import Columns, Source
from emulator.services.bigquery.sql.sources import Describe, SourceRewriter
from emulator.services.bigquery.sql.statements import Statement, parse, target_node
from emulator.services.bigquery.sql.structs import name_fields
from emulator.services.bigquery.sql.travel import other_time
from emulator.services.bigquery.sql.types import Field, literal
from emulator.services.bigquery.sql.unpivot import reorder

MAX_VIEW_DEPTH = 16
_log = logging.getLogger("emulator.bigquery")


@dataclass(frozen=True)
class Change:
    """A statement for the engine, the table that it changes, and a query that gives a row where it must not run."""

    sql: str
    table: TableInfo
    twice: str = ""


class Translator:
    """Translates within one snapshot of the catalogue. describe gives the schema of a DuckDB SELECT.

    limited are the columns that what reads a view limits; None where tables need no filter, as for columns alone.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        defaults: Defaults,
        describe: Describe,
        variables: Sequence[Variable] = (),
        limited: frozenset[str] | None = frozenset(),
    ) -> None:
        self._snapshot = snapshot
        self._defaults = defaults
        self._describe = describe
        self._depth = 0
        self._views: dict[tuple[TableName, frozenset[str] | None], str] = {}
        self._filtered = limited
        self._view_columns: dict[TableName, list[Field]] = {}
        self._variables = {variable.name.lower(): variable for variable in variables}
        self._inference = Inference(self._columns, self._variables)

    def select(self, query: exp.Expr, into: Sequence[Field] = ()) -> str:
        """The DuckDB SELECT of a query, with BigQuery's names (f0_ ...) for columns that have none.

        into are the columns that it fills by position, where that is known.
        """
        expand(query, self._snapshot.routines, self._defaults)
        first = query
        while isinstance(first, (exp.SetOperation, exp.Subquery)):
            first = first.this  # its names are those of all
        if isinstance(first, exp.Select):
            if first is query and query.args.get("kind") == "STRUCT":
                query.set("kind", None)  # a value table is shown by its fields
            if first is query and query.args.get("kind") == "VALUE" and isinstance(query.expressions[0], exp.Struct):
                _show_fields(query)
            _name_columns(first)
        name_fields(query)
        columns = self._inference.query(query)
        _refuse_duplicates(columns or [])
        if into:
            assignments.fill(query, columns, [(field["name"], of_field(field)) for field in into])
        return self._sql(query, ())

    def dml(self, statement: Statement) -> Change:
        """INSERT, UPDATE, DELETE or MERGE for the engine."""
        tree = statement.tree
        expand(tree, self._snapshot.routines, self._defaults)
        node = target_node(tree)
        if statement.target is None:
            raise SqlError("The statement does not name the table that it changes.")
        info = self._table(statement.target)
        if info.kind != "TABLE":
            raise SqlError(f"{statement.target} is a {info.kind.lower()}, and cannot be changed by {statement.kind}.")
        if isinstance(tree, exp.Merge):
            _spell_out_insert_row(tree, info)
        defaults.spell_out(tree, info.fields)
        if info.hidden:
            spell_out_columns(tree, info.fields)
            spell_out_dates(tree)
        name_fields(tree)
        if not isinstance(tree, exp.Insert):
            require(info, filtered(node))
        columns: Columns = [(field["name"], of_field(field)) for field in (*info.fields, *info.hidden)]
        target = statement.target
        path = (target.project.lower(), target.dataset.lower(), target.table.lower())
        assignments.infer(self._inference, tree, Source(node.alias_or_name.lower(), columns, path=path))
        alias = node.alias_or_name
        new = stored_table(info.storage)
        if not isinstance(tree, exp.Insert):
            new.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        node.replace(new)
        tree = self._tree(tree, (new,) if not isinstance(tree, exp.Insert) else ())
        return Change(_written(tree), info, _met_twice(tree) if isinstance(tree, exp.Update) else "")

    def _sql(self, tree: exp.Expr, outer: Iterable[exp.Table]) -> str:
        return _written(self._tree(tree, outer))

    def _tree(self, tree: exp.Expr, outer: Iterable[exp.Table]) -> exp.Expr:
        rename(tree, f"bq_cte_{self._depth}_")
        self._replace_tables(tree, set(map(id, outer)))
        tree = rewrite_functions(tree, self._snapshot.principal)
        SourceRewriter(self._describe).rewrite(tree, tuple(outer))
        reorder(tree)
        _refuse_strangers(tree)
        return tree

    def _replace_tables(self, tree: exp.Expr, keep: set[int]) -> None:
        for node in list(tables(tree)):
            if id(node) in keep:
                continue
            if node.args.get("when") or node.args.get("version"):
                raise SqlError("FOR SYSTEM_TIME AS OF is not emulated.")
            reference = resolve(node, self._defaults)
            _strip_qualifiers(tree, node)
            node.replace(self._source(node, reference, tree))

    def _columns(self, node: exp.Table) -> Columns | None:
        """The columns of a table or a view, for the inference of types."""
        reference = resolve(node, self._defaults)
        if isinstance(reference, SchemaView):
            shown = self._describe(information_schema.subquery(reference, self._snapshot)) if self._variables else None
            return None if shown is None else [(field["name"], of_field(field)) for field in shown]
        if isinstance(reference, Wildcard):
            found: dict[str, tuple[str, Kind | None]] = {}
            for field in (field for info in self._matching(reference) for field in info.fields):
                found.setdefault(field["name"].lower(), (field["name"], of_field(field)))
            return list(found.values())
        info = self._table(reference)
        fields = self._view_fields(info) if info.view else list(info.fields)
        return [(field["name"], of_field(field)) for field in fields]

    def _source(self, node: exp.Table, reference: TableName | SchemaView | Wildcard, tree: exp.Expr) -> exp.Expr:
        written = node.args.get("alias")
        if written is not None and "." not in written.name:
            alias = written.name
        else:
            alias = ".".join(part.name for part in node.parts).rsplit(".", 1)[-1]
        if isinstance(reference, SchemaView):
            sql = information_schema.subquery(reference, self._snapshot)
        elif isinstance(reference, Wildcard):
            named = wanted(tree)
            sql = self._wildcard(reference, named, filtered(node))
            hide(node.find_ancestor(exp.Select), alias, named & {"_TABLE_SUFFIX", "_PARTITIONTIME", "_PARTITIONDATE"})
        else:
            info = self._table(reference)
            limited = None if self._filtered is None else self._filtered | filtered(node)
            if limited is not None:
                require(info, limited)
            if not info.view and not info.hidden and info.first is None and info.row_filters is None:
                table = stored_table(info.storage)
                for key in ("joins", "pivots", "sample"):
                    table.set(key, node.args.get(key))
                table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
                return table
            if info.view:
                sql = self._view(info, limited)
            else:
                sql, named = self._rows(info, wanted(tree))
                hide(node.find_ancestor(exp.Select), alias, named)
        subquery = exp.Subquery(this=translated(sql), alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        for key in ("joins", "pivots", "sample"):
            subquery.set(key, node.args.get(key))
        return subquery

    def _table(self, name: TableName) -> TableInfo:
        info = self._snapshot.tables.get(name)
        if info is None and (known := other_time(name, list(self._snapshot.tables))) is not None:
            info = self._snapshot.tables[known]
        if info is None:
            raise SqlError(f"Not found: Table {name}", "notFound")
        return info

    def _rows(self, info: TableInfo, named: frozenset[str]) -> tuple[str, frozenset[str]]:
        """The SELECT of those rows of a table that the caller sees, and which of the pseudo-columns it has."""
        sql, shown = own_rows(info, named)
        if info.row_filters is None:
            return sql, shown
        whole = replace(info, row_filters=None, filter_required=False)
        found = replace(self._snapshot, tables={**self._snapshot.tables, info.name: whole})
        inner = Translator(found, Defaults(info.name.project), self._describe, limited=None)
        inner._depth = self._depth + 1
        return inner.select(view_query(row_filters.query(info, shown), info.name.project).tree), shown

    def _view(self, info: TableInfo, limited: frozenset[str] | None) -> str:
        """The SELECT of a view. limited are the columns that what reads it limits; None where only columns count."""
        known = (info.name, limited)
        if known not in self._views:
            self._views[known] = self._translated(info, limited)
        return self._views[known]

    def _view_fields(self, info: TableInfo) -> list[Field]:
        if info.name not in self._view_columns:
            self._view_columns[info.name] = self._describe(self._view(info, None))
        return self._view_columns[info.name]

    def _translated(self, info: TableInfo, limited: frozenset[str] | None) -> str:
        self._depth += 1
        if self._depth > MAX_VIEW_DEPTH:
            raise SqlError(f"View {info.name} is nested more than {MAX_VIEW_DEPTH} deep, or refers to itself.")
        query = view_query(info.view, info.name.project)
        inner = Translator(self._snapshot, Defaults(info.name.project), self._describe, limited=limited)
        inner._depth = self._depth
        sql = inner.select(query.tree)
        self._depth -= 1
        return sql

    def _matching(self, reference: Wildcard) -> list[TableInfo]:
        return [
            info
            for info in self._snapshot.listings.get(reference.parent, ())
            if info.kind == "TABLE" and info.name.table.startswith(reference.prefix)
        ]

    def _wildcard(self, reference: Wildcard, named: frozenset[str], limited: frozenset[str]) -> str:
        found = self._matching(reference)
        if not found:
            raise SqlError(f"{reference.parent}.{reference.prefix}* does not match any table.", "notFound")
        parts = []
        for info in found:
            require(info, limited)
            rows, _ = self._rows(info, named)
            suffix = f"{literal(info.name.table[len(reference.prefix) :])} AS _TABLE_SUFFIX"
            parts.append(f"SELECT *, {suffix} FROM ({rows})" if "_TABLE_SUFFIX" in named else rows)
        return " UNION ALL BY NAME ".join(parts)


def _written(tree: exp.Expr) -> str:
    """The text of a translated tree. Raises SqlError where it holds what the engine has no words for."""
    try:
        return tree.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.UnsupportedError as error:
        _log.warning("a statement cannot be translated: %s", error)
        raise SqlError(UNKNOWN) from None


def _met_twice(update: exp.Update) -> str:
    """A query for the rows that UPDATE ... FROM meets more than once; nothing without FROM."""
    source, target = update.args.get("from_"), update.this
    if source is None:
        return ""
    row = exp.column("rowid", table=exp.to_identifier(target.alias_or_name, quoted=True))
    return (
        f"SELECT 1 FROM {_written(target)}, {_written(source.this)} {_written(update.args['where'])} "
        f"GROUP BY {_written(row)} HAVING count(*) > 1 LIMIT 1"
    )


def _refuse_strangers(tree: exp.Expr) -> None:
    """Raise SqlError where a table is left that is neither rows of ours nor a common table expression."""
    for table in tree.walk(prune=is_translated):
        if isinstance(table, exp.Table) and not is_translated(table) and not table.meta.get("ours"):
            raise SqlError(f"Not found: Table {table.name or table.sql('bigquery')}", "notFound")


def view_query(sql: str, project: str) -> Statement:
    """The one SELECT of a view's definition."""
    statements = parse(sql, Defaults(project))
    if len(statements) != 1 or statements[0].kind != "SELECT":
        raise SqlError("The query of a view must be one SELECT.")
    return statements[0]


def _refuse_duplicates(columns: Columns) -> None:
    counted = Counter(name.lower() for name, _ in columns if name)
    if twice := [name for name, count in counted.items() if count > 1]:
        found = ", ".join(twice)
        raise SqlError(f"Duplicate column names in the result are not supported. Found duplicate(s): {found}")


def _show_fields(query: exp.Select) -> None:
    """Write SELECT AS VALUE STRUCT(...) as a SELECT of the fields, by which a value table is shown."""
    items = [
        exp.alias_(item.expression, item.name, quoted=True) if isinstance(item, exp.PropertyEQ) else item
        for item in query.expressions[0].expressions
    ]
    query.set("kind", None)
    query.set("expressions", items)


def _name_columns(select: exp.Select) -> None:
    """f0_, f1_ ... for the columns that have no name of their own."""
    unnamed = 0
    for item in list(select.expressions):
        name = item.output_name if isinstance(item, (exp.Alias, exp.Column, exp.Dot)) else ""
        if not item.is_star and (not name or isinstance(item, exp.Dot)):
            if not name:
                name = f"f{unnamed}_"
                unnamed += 1
            item.replace(exp.alias_(item.copy(), name, quoted=True))


def _strip_qualifiers(tree: exp.Expr, table: exp.Table) -> None:
    """Columns written as dataset.table.column refer to the table by its last name."""
    if not table.db:
        return
    for column in tree.find_all(exp.Column):
        if column.table == table.name and column.args.get("db") is not None and column.text("db") == table.db:
            column.set("db", None)
            column.set("catalog", None)


def _spell_out_insert_row(merge: exp.Merge, info: TableInfo) -> None:
    source = merge.args["using"].alias_or_name
    for when in merge.args["whens"].expressions:
        then = when.args["then"]
        if isinstance(then, exp.Insert) and isinstance(then.this, exp.Var):
            names = [field["name"] for field in info.fields]
            then.set("this", exp.Tuple(expressions=[exp.column(name, quoted=True) for name in names]))
            values = [exp.column(name, table=source, quoted=True) for name in names]
            then.set("expression", exp.Tuple(expressions=values))
