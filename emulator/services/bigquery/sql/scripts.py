"""The steps of a query job that the engine process does: parse a script, run one of its statements.

Every function takes a connection first. What needs the parser is imported inside, since the emulator's own process
names these functions, too, and does without it. A parsed statement is kept from `prepare` until it is run, which
changes its tree; where it is gone (another process), the script is parsed again. What a SELECT is for the engine is
kept longer, by all that this follows from: the script, and what the catalogue has of what it names.
"""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery.sql import changes, engine, kept, marks, small, storage
from emulator.services.bigquery.sql.blocks import Node
from emulator.services.bigquery.sql.catalog import Defaults, Reference, Routine, Snapshot, TableInfo
from emulator.services.bigquery.sql.encoders import row_encoder
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.plans import Create, Plan, Script, Variable
from emulator.services.bigquery.sql.recent import Recent
from emulator.services.bigquery.sql.types import Field, duckdb_type, fitted, python_select, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from emulator.services.bigquery.sql.statements import Statement
    from emulator.services.bigquery.sql.translate import Translator

KEPT_SCRIPTS, KEPT_SELECTS = 32, 256
LONGEST = 1 << 16  # characters of a SELECT that is kept
ACTIONS = ("INSERT", "UPDATE", "DELETE")
_kept: Recent[dict[int, Statement]] = Recent(KEPT_SCRIPTS)
_plans: Recent[list[Plan]] = Recent(KEPT_SELECTS)
_selects: Recent[tuple[str, list[Field]]] = Recent(KEPT_SELECTS)


def outline(_: DuckDBPyConnection, text: str) -> tuple[Node, ...]:
    """The statements of a script, its control read and their syntax checked. Raises SqlError."""
    from emulator.services.bigquery.sql.outline import leaves, read
    from emulator.services.bigquery.sql.trees import syntax

    nodes = read(text)
    for leaf in leaves(nodes) if len(nodes) > 1 else ():
        syntax("\n" * (leaf.place.line - 1) + " " * (leaf.place.column - 1) + leaf.text)
    return nodes


def check(_: DuckDBPyConnection, text: str) -> None:
    """Read a CREATE TEMP FUNCTION. Raises SqlError where that cannot be done, or its language is not SQL."""
    from emulator.services.bigquery.sql.temporary import expand_functions
    from emulator.services.bigquery.sql.trees import syntax

    expand_functions(syntax(text))


def prepare(connection: DuckDBPyConnection, script: Script) -> list[Plan]:
    """What the statements of a script are. Raises SqlError."""
    from emulator.services.bigquery.sql import grants, routine_ddl, row_policy_ddl, search_index_ddl

    if (known := _plans.get(_lasting(script))) is not None:
        return known
    if routine := routine_ddl.read(script.text):
        return [Plan(1, f"{routine.action}_{routine.kind.replace(' ', '_')}", routine=routine)]
    if policy := row_policy_ddl.read(script.text, script.defaults):
        return [Plan(1, f"{policy.action}_ROW_ACCESS_POLICY", policy=policy)]
    if index := search_index_ddl.read(script.text, script.defaults):
        return [Plan(1, f"{index.action}_SEARCH_INDEX", index=index)]
    if grant := grants.read(script.text, script.defaults):
        return [Plan(1, f"{grant.action}_ON_{grant.kind}", grant=grant)]
    statements = _settled(connection, script, _parse(script))
    plans = [_plan(number, statement, script.defaults) for number, statement in enumerate(statements, 1)]
    _kept.put(_key(script), dict(enumerate(statements, 1)))
    if all(plan.kind == "SELECT" for plan in plans) and not script.tables and not _has_times(script):
        _plans.put(_lasting(script), plans)
    return plans


def _parse(script: Script) -> list[Statement]:
    from emulator.services.bigquery.sql.parameters import bind
    from emulator.services.bigquery.sql.statements import parse

    statements = parse(script.text, script.defaults, script.functions, script.tables)
    system = {variable.name: variable for variable in script.variables if variable.name.startswith("@@")}
    bind([statement.tree for statement in statements], script.parameters, system)
    return statements


def _key(script: Script, *more: bytes) -> bytes:
    """A digest of a script, and of what else is given."""
    said = [script.text, str(script.defaults), script.parameters, script.functions, script.tables, script.variables]
    return hashlib.sha256(b"".join([orjson.dumps(said), *more])).digest()


def _lasting(script: Script, *more: bytes) -> bytes:
    """The same apart from the job that a script is of, whose temporary tables it does not name."""
    return _key(replace(script, defaults=replace(script.defaults, temporary="")), *more)


def _has_times(script: Script) -> bool:
    """Whether a script may name times of tables, which are evaluated."""
    return "SYSTEM_TIME" in script.text.upper()


def _take(connection: DuckDBPyConnection, script: Script, number: int) -> Statement:
    kept = _kept.get(_key(script)) or {}
    statement = kept.pop(number, None)
    return statement or _settled(connection, script, _parse(script))[number - 1]


def _settled(connection: DuckDBPyConnection, script: Script, statements: list[Statement]) -> list[Statement]:
    """The statements with the times of FOR SYSTEM_TIME AS OF evaluated. Raises SqlError."""
    if not _has_times(script):
        return statements
    from sqlglot import exp

    from emulator.services.bigquery.sql.travel import settle

    def evaluate(value: exp.Expr) -> int:
        moment = exp.Cast(this=value.copy(), to=exp.DataType.build("TIMESTAMP", dialect="bigquery"))
        sql = _translator(connection, script, Snapshot()).select(exp.Select(expressions=[moment]))
        row = connection.execute(f"SELECT epoch_ms(m) FROM ({sql}) AS s(m)").fetchone()
        if row is None or row[0] is None:
            raise SqlError("FOR SYSTEM_TIME AS OF needs a TIMESTAMP that is not NULL.")
        return int(row[0])

    for statement in statements:
        settle(statement, script.defaults, evaluate)
    return statements


def _plan(number: int, statement: Statement, defaults: Defaults) -> Plan:
    from emulator.services.bigquery.sql import ddl

    kind = statement.kind
    tree: Any = statement.tree
    if kind == "EXPORT_DATA":
        return Plan(number, kind, statement.reads, options=ddl.file_options(tree.args.get("options")))
    if kind == "LOAD_DATA":
        return Plan(
            number,
            kind,
            target=statement.target,
            options=ddl.file_options(tree.args.get("files")),
            fields=ddl.columns(tree.this),
            overwrite=bool(tree.args.get("overwrite")),
        )
    return Plan(
        number,
        kind,
        statement.reads,
        statement.target,
        schema=ddl.schema_name(tree, defaults) if kind.endswith("_SCHEMA") else None,
        create=_create(tree, kind, defaults),
        drop=ddl.drop(tree) if kind.startswith("DROP_") else None,
        changes=tuple(ddl.changes(tree, defaults)) if kind.startswith("ALTER_") else (),
        if_exists=bool(tree.args.get("exists")) and kind.startswith("ALTER_"),
    )


def _create(tree: Any, kind: str, defaults: Defaults) -> Create | None:
    from emulator.services.bigquery.sql import ddl

    if not kind.startswith("CREATE_"):
        return None
    return ddl.external(tree) if kind == "CREATE_EXTERNAL_TABLE" else ddl.create(tree, defaults)


def _translator(
    connection: DuckDBPyConnection, script: Script, found: Snapshot, limited: frozenset[str] | None = frozenset()
) -> Translator:
    from emulator.services.bigquery.sql.translate import Translator

    # A question of its own, beside the transaction: one that fails must not end it.
    describe = lambda sql: engine.describe(connection.cursor(), sql)  # noqa: E731 too short for a name
    return Translator(found, script.defaults, describe, script.variables, limited)


def _select(connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot) -> str:
    """The engine's SELECT for a statement that is one, or creates a table from one."""
    statement = _take(connection, script, number)
    from emulator.services.bigquery.sql import ddl

    query: Any = statement.tree
    into = ddl.columns(query.this) if statement.kind == "CREATE_TABLE_AS_SELECT" else ()
    if statement.kind != "SELECT":  # of CREATE TABLE ... AS, EXPORT DATA ... AS
        query = (query.args.get("expression") or query.this).unnest()
    return _translator(connection, script, found).select(query, into)


def fill(
    connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot, table: str
) -> tuple[list[Field], int]:
    """Make a storage table with the rows of a SELECT; gives its columns and their number.

    One transaction, so that a table that gets a column meanwhile has the same columns from describing to reading.
    """
    with engine.transaction(connection):
        return _fill(connection, script, number, found, table)


def _fill(
    connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot, table: str
) -> tuple[list[Field], int]:
    sql, fields = _described(connection, script, number, found)
    return fields, storage.fill_in(connection, table, fields, kept.checked(fields, sql))


def _described(connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot) -> tuple[str, list[Field]]:
    """The engine's SELECT for a statement, and its columns."""
    lasts = _plans.get(_lasting(script)) is not None
    key = _lasting(script, str(number).encode(), pickle.dumps(found)) if lasts else b""
    if (known := _selects.get(key)) is not None:
        return known
    sql = _select(connection, script, number, found)
    made = sql, engine.describe(connection, sql)
    if lasts and len(sql) <= LONGEST:
        _selects.put(key, made)
    return made


def fill_result(
    connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot, table: str
) -> tuple[list[Field], bytes]:
    """The same for a table of results; gives its columns, and its rows as `small.pickled` where they are few."""
    with engine.transaction(connection):
        fields, count = _fill(connection, script, number, found, table)
        rows = storage.read_page(connection, table, fields, 0, count) if count <= small.ROWS else None
    return fields, b"" if rows is None else small.pickled(rows)


def evaluate(
    connection: DuckDBPyConnection, script: Script, found: Snapshot | None, principal: str, into: Field | None
) -> Variable | Plan:
    """The value of a script that is one SELECT of one expression, as that of a variable.

    Its Plan where it reads tables and found is None. into is the column type that the value has to fit.
    """
    (statement,) = _parse(script)
    if found is None and statement.reads:
        return _plan(1, statement, script.defaults)
    translator = _translator(connection, script, found or Snapshot(principal=principal))
    sql = translator.select(statement.tree, [into] if into else ())
    fields = engine.describe(connection, sql)
    value = f"CAST(v AS {duckdb_type(into)})" if into else ""
    if into and (duckdb_type(fields[0]) != duckdb_type(into) or fitted(value, into)):
        fields = [into]
        sql = f"SELECT {fitted(value, into) or value} AS {quote(into['name'])} FROM ({sql}) AS s(v)"
    return _value(connection, sql, into or fields[0], fields)


def declared(_: DuckDBPyConnection, kind: str) -> Field:
    """The column of a type, with what STRING(3) and its like limit, inside of ARRAY and STRUCT too. Raises SqlError."""
    from emulator.services.bigquery.sql import ddl
    from emulator.services.bigquery.sql.trees import syntax

    (tree,) = syntax(f"CREATE TABLE declared (v {kind})")
    return ddl.columns(tree.this)[0]


def _value(connection: DuckDBPyConnection, sql: str, field: Field, shown: list[Field]) -> Variable:
    from emulator.services.bigquery.sql.variables import value_of

    name = quote(shown[0]["name"])
    row = connection.execute(f"SELECT {python_select(shown)}, {name} IS NULL FROM ({sql})").fetchone()
    if row is None or row[-1]:
        return Variable(field["name"], field)
    cell = row_encoder(shown, "ISO8601_STRING")(row[:-1])["f"][0]["v"]
    return Variable(field["name"], field, value_of(field, cell))


def variable_rows(
    connection: DuckDBPyConnection, table: str, fields: Sequence[Field], start: int, count: int
) -> list[dict[str, Any]]:
    """Rows of a stored result, each as the value of a variable that is a STRUCT of its columns."""
    from emulator.services.bigquery.sql.variables import value_of

    row = {"name": "row", "type": "RECORD", "fields": list(fields)}
    _, cells = storage.encoded_page(connection, table, fields, start, count, "ISO8601_STRING")
    return [value_of(row, cell) or {} for cell in cells]


def describe(connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot) -> list[Field]:
    """The columns that a SELECT would give."""
    return engine.describe(connection, _select(connection, script, number, found))


def explain(connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot) -> None:
    """Check a DML statement without running it. Raises SqlError."""
    statement = _take(connection, script, number)
    connection.execute("EXPLAIN " + _translator(connection, script, found).dml(statement).sql)


def change(
    connection: DuckDBPyConnection, script: Script, number: int, found: Snapshot, place: str, key: str, copy: str = ""
) -> dict[str, int]:
    """Change rows in one transaction, once for each key; gives how many rows each of its actions touched.

    place is the full name of the storage table; no key is for what is not on record, such as temporary tables. copy
    is the full name of a copy of the table as it was, for statements that do more than append (see marks).
    """
    statement = _take(connection, script, number)
    actions = ACTIONS if statement.kind == "MERGE" else (statement.kind,)
    before = [storage.done_rows(connection, place, f"{key}/{action}") if key else None for action in actions]
    if before[0] is not None:
        return {action: count or 0 for action, count in zip(actions, before, strict=True)}
    with engine.transaction(connection):
        if statement.kind == "INSERT":
            marks.add(connection, place)
        else:
            marks.keep(connection, place, copy)
        if statement.kind == "TRUNCATE_TABLE":
            rows = connection.execute(f"DELETE FROM {place}").fetchall()
        else:
            returning = "RETURNING merge_action" if statement.kind == "MERGE" else ""
            rows = changes.apply(connection, _translator(connection, script, found), statement, returning)
        if statement.kind == "MERGE":
            touched = Counter(row[0] for row in rows)
            counts = {action: touched[action] for action in actions}
        else:
            counts = {statement.kind: int(rows[0][0]) if rows else 0}
        for action, count in counts.items() if key else ():
            storage.mark_done(connection, place, f"{key}/{action}", count)
    return counts


def routine_reads(_: DuckDBPyConnection, routine: Routine) -> tuple[Reference, ...]:
    """The tables and functions that the body of a function names. Raises SqlError."""
    from emulator.services.bigquery.sql.statements import parse

    text = routine.body if routine.kind == "TABLE FUNCTION" else f"SELECT ({routine.body})"
    statements = parse(text, Defaults(routine.name.project))
    if len(statements) != 1 or statements[0].kind != "SELECT":
        raise SqlError("The body of a function is one expression, that of a table function one query.")
    return statements[0].reads


def view_reads(_: DuckDBPyConnection, query: str, project: str) -> tuple[Reference, ...]:
    """What the query of a view names. Raises SqlError for a query that is not one SELECT."""
    from emulator.services.bigquery.sql.translate import view_query

    return view_query(query, project).reads


def check_predicate(connection: DuckDBPyConnection, predicate: str, principal: str, table: TableInfo) -> None:
    """Raise SqlError where a row access policy of a table may not have this filter."""
    from emulator.services.bigquery.sql.row_filters import check
    from emulator.services.bigquery.sql.trees import syntax

    check(predicate)
    name = table.name
    info = replace(table, row_filters=(predicate,), filter_required=False)
    script = Script(f"SELECT * FROM `{name.project}.{name.dataset}.{name.table}`", Defaults(name.project))
    translator = _translator(connection, script, Snapshot({name: info}, principal=principal))
    engine.describe(connection, translator.select(syntax(script.text)[0]))


def check_materialized(_: DuckDBPyConnection, query: str, project: str, whole: bool) -> None:
    """Raise SqlError where a materialized view may not have this query; whole: its rows are never computed in parts."""
    from emulator.services.bigquery.sql.incremental import check
    from emulator.services.bigquery.sql.translate import view_query

    check(view_query(query, project).tree, whole=whole)


def describe_view(connection: DuckDBPyConnection, query: str, project: str, found: Snapshot) -> list[Field]:
    """The columns of a view."""
    from emulator.services.bigquery.sql.translate import view_query

    translator = _translator(connection, Script(query, Defaults(project)), found, None)
    return engine.describe(connection, translator.select(view_query(query, project).tree))
