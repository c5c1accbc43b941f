"""Default values of columns: what they may be, and where statements and streamed rows get them.

https://cloud.google.com/bigquery/docs/default-values
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from emulator.services.bigquery.sql import assignments
from emulator.services.bigquery.sql.dialect import GoogleSql
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.escapes import checked_literals
from emulator.services.bigquery.sql.functions import rewrite_functions
from emulator.services.bigquery.sql.inference import Inference
from emulator.services.bigquery.sql.kinds import of_field
from emulator.services.bigquery.sql.syntax import syntax_error
from emulator.services.bigquery.sql.types import DEFAULT, Field, standard_type

FUNCTIONS = (
    *(exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp),
    *(exp.Uuid, exp.Rand, exp.SessionUser),
)
LITERALS = (exp.Cast, exp.Array, exp.Struct, exp.ParseJSON)  # what the parser makes of literals


def expression(field: Field) -> exp.Expr:
    """The default of a column, NULL where it has none. Raises SqlError for one that may not be."""
    text = field.get(DEFAULT)
    if not text:
        return exp.Null()
    try:
        query = sqlglot.parse_one(f"SELECT {checked_literals(text)}", read=GoogleSql)
    except sqlglot.errors.SqlglotError as error:
        raise syntax_error(error, text) from None
    if not isinstance(query, exp.Select) or len(query.expressions) != 1 or len(list(query.iter_expressions())) > 1:
        raise _refused(field)
    for node in query.expressions[0].walk():
        named = isinstance(node, (exp.Column, exp.Query, exp.Alias, exp.Star))
        if named or (isinstance(node, exp.Func) and not isinstance(node, (*FUNCTIONS, *LITERALS))):
            raise _refused(field)
    made: exp.Expr = query.expressions[0].copy()
    return made


def _refused(field: Field) -> SqlError:
    return SqlError(
        f"Invalid default value expression for column {field['name']}: {field[DEFAULT]}; use a literal, or one of "
        "CURRENT_DATE, CURRENT_DATETIME, CURRENT_TIME, CURRENT_TIMESTAMP, GENERATE_UUID, RAND and SESSION_USER.",
        "invalid",
    )


def engine_sql(field: Field, principal: str) -> str:
    """The engine's expression for the default of a column. Raises SqlError for one that is not of its type."""
    query = exp.Select(expressions=[expression(field)])
    columns = Inference(lambda _: None).query(query)
    assignments.fill(query, columns, [(field["name"], of_field(field))])
    value: exp.Expr = rewrite_functions(query, principal).expressions[0].unalias()
    return value.sql("duckdb")


def spell_out(tree: exp.Expr, fields: Sequence[Field]) -> None:
    """Write defaults for DEFAULT and for columns that an INSERT leaves out. Raises SqlError."""
    if isinstance(tree, exp.Insert):
        _insert(tree, fields)
    elif isinstance(tree, exp.Update):
        _update(tree, fields)
    elif isinstance(tree, exp.Merge):
        for when in tree.args["whens"].expressions:
            spell_out(when.args["then"], fields)


def _update(tree: exp.Update, fields: Sequence[Field]) -> None:
    known = {field["name"].lower(): field for field in fields}
    for assignment in tree.expressions:
        if _is_default(assignment.expression):
            assignment.set("expression", expression(known.get(assignment.this.name.lower(), {})))


def _insert(tree: exp.Insert, fields: Sequence[Field]) -> None:
    known = {field["name"].lower(): field for field in fields}
    named = list(tree.this.expressions) if isinstance(tree.this, (exp.Schema, exp.Tuple)) else []
    into = [known.get(name.name.lower(), {}) for name in named] or list(fields)
    listed = {name.name.lower() for name in named}
    missing = [field for field in fields if named and field.get(DEFAULT) and field["name"].lower() not in listed]
    source = tree.expression
    for field in missing:
        name = exp.to_identifier(field["name"], quoted=True)
        tree.this.append("expressions", name if isinstance(tree.this, exp.Schema) else exp.Column(this=name))
    if isinstance(source, exp.Query):
        if missing:
            tree.set("expression", _with(source, missing))
        return
    for row in source.expressions if isinstance(source, exp.Values) else [source]:
        if isinstance(row, exp.Tuple):
            for value, field in zip(list(row.expressions), into, strict=False):
                if _is_default(value):
                    value.replace(expression(field))
            for field in missing:
                row.append("expressions", expression(field))


def _with(query: exp.Query, missing: Sequence[Field]) -> exp.Select:
    """The query with the defaults of the columns after its own."""
    rows = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("bq_rows")))
    values = [
        exp.Cast(this=expression(field), to=exp.DataType.build(standard_type(field), dialect="bigquery"))
        for field in missing
    ]
    made = exp.Select(expressions=[exp.Star(), *values])
    made.set("from_", exp.From(this=rows))
    return made


def _is_default(value: exp.Expr) -> bool:
    return isinstance(value, exp.Var) and value.name.upper() == "DEFAULT"
