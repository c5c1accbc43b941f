"""JSON_SET, JSON_ARRAY_APPEND, JSON_ARRAY_INSERT and JSON_KEYS rewritten for the engine; see functions.Rewriter."""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.json_text import json_of
from emulator.services.bigquery.sql.kinds import kind_of
from emulator.services.bigquery.sql.nodes import call, cast, text

ALL_DEPTHS = 1_000


class JsonChanges:
    """The handlers of the functions that change JSON, or list its keys."""

    def _jsonset(self, node: exp.JSONSet) -> exp.Expr:
        pairs, create = _arguments(node, "create_if_missing")
        return _changed("bq_json_set", node.this, pairs, create)

    def _jsonarrayappend(self, node: exp.JSONArrayAppend) -> exp.Expr:
        pairs, each = _arguments(node, "append_each_element")
        return _changed("bq_json_array_append", node.this, pairs, _of_arrays(pairs, each))

    def _jsonarrayinsert(self, node: exp.JSONArrayInsert) -> exp.Expr:
        pairs, each = _arguments(node, "insert_each_element")
        return _changed("bq_json_array_insert", node.this, pairs, _of_arrays(pairs, each))

    def _jsonkeysatdepth(self, node: exp.JSONKeysAtDepth) -> exp.Expr:
        depth, mode = node.args.get("expression"), node.args.get("mode")
        if isinstance(depth, exp.Kwarg):
            depth, mode = None, depth
        written = mode.expression if isinstance(mode, exp.Kwarg) else text("strict")
        return call("bq_json_keys", cast(node.this, "VARCHAR"), depth or ALL_DEPTHS, written)


def _arguments(node: exp.Expr, option: str) -> tuple[list[tuple[exp.Expr, exp.Expr]], exp.Expr]:
    """Pairs of a path and a value, and the option, which is true unless it is given."""
    given = [item for item in node.expressions if not isinstance(item, exp.Kwarg)]
    named = [item for item in node.expressions if isinstance(item, exp.Kwarg)]
    if len(given) % 2 or any(item.this.name.lower() != option for item in named):
        name = node.sql_name() if isinstance(node, exp.Func) else ""
        raise SqlError(f"No matching signature for function {name}: it takes pairs of a path and a value, and {option}")
    chosen = named[0].expression if named else exp.true()
    return list(zip(given[::2], given[1::2], strict=True)), chosen


def _of_arrays(pairs: list[tuple[exp.Expr, exp.Expr]], each: exp.Expr) -> exp.Expr:
    """For each value, whether its elements are meant: it is an ARRAY of SQL, and the option says so."""
    kinds = [kind_of(value) for _, value in pairs]
    return exp.Array(
        expressions=[each.copy() if kind is not None and kind.name == "ARRAY" else exp.false() for kind in kinds]
    )


def _changed(function: str, value: exp.Expr, pairs: list[tuple[exp.Expr, exp.Expr]], option: exp.Expr) -> exp.Expr:
    paths = exp.Array(expressions=[path for path, _ in pairs])
    values = exp.Array(expressions=[json_of(item) for _, item in pairs])
    return cast(call(function, cast(value, "VARCHAR"), paths, values, option), "JSON")
