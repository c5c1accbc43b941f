"""SEARCH and TEXT_ANALYZE rewritten for DuckDB: which texts of a value are searched, by its type.

https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import BOOL, STRING, Kind, array_of, kind_of
from emulator.services.bigquery.sql.nodes import call, text
from emulator.services.bigquery.sql.scalars.search import LOG

OPTIONS = {"SEARCH": ("analyzer", "analyzer_options", "json_scope"), "TEXT_ANALYZE": ("analyzer", "analyzer_options")}
VARIABLE = "bq_s"


def function_kind(node: exp.Anonymous) -> Kind:
    """The type that a search function gives."""
    return BOOL if node.name.upper() == "SEARCH" else array_of(STRING)


def function(node: exp.Anonymous) -> exp.Expr:
    """The replacement of SEARCH or TEXT_ANALYZE. Raises SqlError for arguments that it does not take."""
    name = node.name.upper()
    plain = [item for item in node.expressions if not isinstance(item, exp.Kwarg)]
    if len(plain) != (2 if name == "SEARCH" else 1):
        raise SqlError(f"No matching signature for function {name}")
    options = _options(node, name)
    chosen = (options.get("analyzer", text(LOG)), options.get("analyzer_options", text("")))
    if name == "TEXT_ANALYZE":
        return call("bq_text_analyze", plain[0], *chosen)
    scope = options.get("json_scope", text("JSON_VALUES"))
    found = _texts(plain[0], kind_of(plain[0]), scope, 0)
    if found is None:
        raise SqlError("SEARCH needs a STRING or JSON value, or an ARRAY, a STRUCT or a table with some.")
    return call("bq_search", found, plain[1], *chosen)


def _options(node: exp.Anonymous, name: str) -> dict[str, exp.Expr]:
    found = {item.this.name.lower(): item.expression for item in node.expressions if isinstance(item, exp.Kwarg)}
    if unknown := [key for key in found if key not in OPTIONS[name]]:
        raise SqlError(f"{name} has no argument {unknown[0]}; {', '.join(OPTIONS[name])} exist.")
    return found


def _texts(value: exp.Expr, kind: Kind | None, scope: exp.Expr, depth: int) -> exp.Expr | None:
    """The list of all texts in a value; None where its type holds none."""
    if kind is None or kind.name in ("STRING", "NULL"):
        return exp.Array(expressions=[value.copy()])
    if kind.name == "JSON":
        return call("bq_json_strings", value.copy(), scope.copy())
    if kind.name == "ARRAY":
        return _of_array(value, kind, scope, depth)
    if kind.name != "STRUCT":
        return None
    parts = []
    for place, (_, own) in enumerate(kind.fields, 1):
        found = _texts(call("struct_extract_at", value.copy(), place), own, scope, depth) if own is not None else None
        parts += [found] if found is not None else []
    return call("flatten", exp.Array(expressions=parts)) if parts else None


def _of_array(value: exp.Expr, kind: Kind, scope: exp.Expr, depth: int) -> exp.Expr | None:
    if kind.element == STRING or kind.element is None:
        return value.copy()
    variable = f"{VARIABLE}{depth}"
    inner = _texts(exp.column(variable), kind.element, scope, depth + 1)
    if inner is None:
        return None
    body = exp.Lambda(this=inner, expressions=[exp.to_identifier(variable)])
    return call("flatten", call("list_transform", value.copy(), body))
