"""GoogleSQL text as statements: what kind each is, which tables it reads and which one it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.catalog import Defaults, Reference
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.foreign import refuse_clauses
from emulator.services.bigquery.sql.plans import DML
from emulator.services.bigquery.sql.record_fields import path_of
from emulator.services.bigquery.sql.references import resolve, tables, unnest_paths
from emulator.services.bigquery.sql.routines import calls
from emulator.services.bigquery.sql.syntax import RESERVED
from emulator.services.bigquery.sql.temporary import expand_functions, move_tables
from emulator.services.bigquery.sql.trees import syntax


@dataclass
class Statement:
    """One statement. kind is its `statementType`; the tree is changed by translation."""

    tree: exp.Expr
    kind: str
    reads: tuple[Reference, ...] = ()
    target: TableName | None = None

    @property
    def is_dml(self) -> bool:
        """Whether it changes rows of a table that exists."""
        return self.kind in DML


def parse(
    sql: str, defaults: Defaults, functions: Sequence[str] = (), temporary: Sequence[str] = ()
) -> list[Statement]:
    """The statements of a query text. Raises SqlError where it is not GoogleSQL, or asks for what is not emulated.

    functions are the CREATE TEMP FUNCTIONs before it, temporary the names of the temporary tables that there are.
    """
    trees = [tree for text in (*functions, sql) for tree in syntax(text)]
    expanded = expand_functions(trees)
    move_tables(expanded, defaults.temporary, temporary)
    statements = [_statement(tree, defaults) for tree in expanded]
    for statement in statements:
        statement.reads += tuple(name for _, name, _ in calls(statement.tree, defaults))
    if not statements:
        raise SqlError("The query text holds no statement.")
    return statements


def _statement(tree: exp.Expr, defaults: Defaults) -> Statement:
    kind = _kind(tree)
    if kind in DML:
        _mark_defaults(tree)
    _refuse_keywords(tree)
    if any(not select.expressions for select in tree.find_all(exp.Select)):
        raise SqlError("Syntax error: SELECT list must not be empty")
    _refuse_counts(tree)
    refuse_clauses(tree)
    unnest_paths(tree)
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func) and not any(node is table for node, _, _ in calls(table, defaults)):
            raise SqlError(f"Table-valued function not found: {table.this.sql('bigquery').partition('(')[0]}")
    if kind in (*DML, "TRUNCATE_TABLE"):
        _normalise_dml(tree)
        node = target_node(tree)
        target = resolve(node, defaults)
        if not isinstance(target, TableName):
            raise SqlError(f"{kind} needs the name of one table.")
        reads = tuple(resolve(table, defaults) for table in tables(tree) if table is not node)
        return Statement(tree, kind, reads, target)
    if isinstance(tree, exp.Query):
        return Statement(tree, kind, tuple(resolve(table, defaults) for table in tables(tree)))
    if kind.endswith("_SCHEMA"):
        return Statement(tree, kind)
    if isinstance(tree, exp.Export):
        return Statement(tree, kind, tuple(resolve(table, defaults) for table in tables(tree.this)))
    node = _ddl_node(tree)
    target = resolve(node, defaults)
    if not isinstance(target, TableName):
        raise SqlError(f"{kind} needs the name of one table.")
    query = tree.args.get("expression")
    reads = tuple(resolve(table, defaults) for table in tables(query)) if isinstance(query, exp.Query) else ()
    source = copied_table(tree)
    if source is not None:
        reads = (resolve(source, defaults),)
    return Statement(tree, kind, reads, target)


def _mark_defaults(tree: exp.Expr) -> None:
    """Make the keyword DEFAULT, which the parser takes for a column in some places, a Var everywhere."""
    values = [assignment.expression for update in tree.find_all(exp.Update) for assignment in update.expressions]
    for insert in tree.find_all(exp.Insert):
        if isinstance(insert.expression, (exp.Values, exp.Tuple)):
            values += [value for row in insert.expression.find_all(exp.Tuple) for value in row.expressions]
    for value in values:
        if isinstance(value, exp.Column) and value.name.upper() == "DEFAULT" and not value.this.args.get("quoted"):
            value.replace(exp.var("DEFAULT"))


def _refuse_counts(tree: exp.Expr) -> None:
    """Raise SqlError where LIMIT or OFFSET has a literal that is no integer."""
    for node in tree.find_all(exp.Limit, exp.Offset):
        literal = node.expression
        if isinstance(literal, exp.Literal) and not literal.is_int:
            kind = "string" if literal.is_string else "floating point"
            raise SqlError(f'Syntax error: Unexpected {kind} literal "{literal.name}"')


def _refuse_keywords(tree: exp.Expr) -> None:
    """Raise SqlError where a reserved keyword names something without backquotes; after a dot it may (lexical rules).

    https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
    """
    for name in tree.find_all(exp.Identifier):
        if name.args.get("quoted") or name.name.lower() not in RESERVED or name.parent is None:
            continue
        before = {"this": ("table", "db"), "table": ("db",), "db": ("catalog",)}.get(str(name.arg_key), ())
        in_path = isinstance(name.parent, (exp.Column, exp.Table)) and any(name.parent.args.get(key) for key in before)
        if not in_path and not (isinstance(name.parent, exp.Dot) and name.arg_key == "expression"):
            raise SqlError(f"Syntax error: Unexpected keyword {name.name.upper()} (a name needs backquotes)")


def _kind(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Query):
        return "SELECT"
    simple: dict[type[exp.Expr], str] = {
        exp.Insert: "INSERT",
        exp.Update: "UPDATE",
        exp.Delete: "DELETE",
        exp.Merge: "MERGE",
        exp.TruncateTable: "TRUNCATE_TABLE",
        exp.Export: "EXPORT_DATA",
        exp.LoadData: "LOAD_DATA",
    }
    if type(tree) in simple:
        return simple[type(tree)]
    what = str(tree.args.get("kind") or "").upper()
    if kind := _special_kind(tree):
        return kind
    if isinstance(tree, exp.Create):
        properties = tree.args.get("properties")
        if properties is not None and properties.find(exp.TemporaryProperty):
            raise SqlError(f"CREATE TEMP {what} is not emulated.")
        if what == "TABLE":
            return "CREATE_TABLE_AS_SELECT" if tree.args.get("expression") is not None else "CREATE_TABLE"
        if what in ("VIEW", "SCHEMA"):
            return f"CREATE_{what}"
        raise SqlError(f"CREATE {what} is not emulated.")
    if isinstance(tree, exp.Drop) and what in ("TABLE", "VIEW", "SCHEMA"):
        return f"DROP_{what}"
    if isinstance(tree, exp.Alter) and what == "TABLE":
        return "ALTER_TABLE"
    name = str(tree.this) if isinstance(tree, exp.Command) else type(tree).__name__
    raise SqlError(f"The statement {name.upper()}{' ' + what if what else ''} is not emulated.")


def _special_kind(tree: exp.Expr) -> str:
    """The statementType of what concerns neither plain tables nor views, "" for others."""
    special = tree.meta.get("special")
    word = special.word if special is not None else ""
    action = type(tree).__name__.upper()
    if word in ("EXTERNAL", "SNAPSHOT"):
        return f"{action}_{word}_TABLE"
    if word and isinstance(tree, exp.Alter):
        return "ALTER_MATERIALIZED_VIEW" if word == "MATERIALIZED" else f"ALTER_{word}"
    properties = tree.args.get("properties")
    materialized = properties is not None and properties.find(exp.MaterializedProperty)
    return f"{action}_MATERIALIZED_VIEW" if materialized or tree.args.get("materialized") else ""


def target_node(tree: exp.Expr) -> exp.Table:
    """The table that a DML statement changes."""
    node = tree.expressions[0] if isinstance(tree, exp.TruncateTable) else tree.this
    node = node.this if isinstance(node, exp.Schema) else node
    if not isinstance(node, exp.Table):
        raise SqlError("The statement does not name the table that it changes.")
    return node


def _ddl_node(tree: exp.Expr) -> exp.Table:
    if isinstance(tree, exp.Drop):
        if len(tree.args["tables"]) != 1:
            raise SqlError("DROP takes one name.")
        node = tree.args["tables"][0]
    else:
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if not isinstance(node, exp.Table):
        raise SqlError("The statement does not name a table.")
    return node


def copied_table(tree: exp.Expr) -> exp.Table | None:
    """The table of CREATE TABLE ... LIKE, COPY or CLONE."""
    if not isinstance(tree, exp.Create):
        return None
    clone = tree.args.get("clone")
    if clone is not None and isinstance(clone.this, exp.Table):
        return clone.this
    properties = tree.args.get("properties")
    like = properties.find(exp.LikeProperty) if properties is not None else None
    return like.this if like is not None and isinstance(like.this, exp.Table) else None


def _normalise_dml(tree: exp.Expr) -> None:
    if isinstance(tree, exp.Delete) and tree.args.get("tables"):  # DELETE without FROM
        tree.set("this", tree.args["tables"][0])
        tree.set("tables", None)
    if isinstance(tree, (exp.Delete, exp.Update)) and tree.args.get("where") is None:
        raise SqlError(f"{type(tree).__name__.upper()} must have a WHERE clause; write WHERE TRUE to change every row.")
    assignments = list(tree.expressions) if isinstance(tree, exp.Update) else []
    if isinstance(tree, exp.Merge):
        for when in tree.args["whens"].expressions:
            if isinstance(when.args["then"], exp.Update):
                assignments += when.args["then"].expressions
    for assignment in assignments:
        if (
            isinstance(assignment.this, exp.Column)
            and len(path_of(assignment.this, target_node(tree).alias_or_name)) == 1
        ):
            assignment.this.set("table", None)
