"""JSON_SET, JSON_REMOVE and their like, JSON_KEYS and PARSE_JSON rewritten for the engine; see functions.Rewriter."""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.json_text import json_of
from emulator.services.bigquery.sql.kinds import kind_of
from emulator.services.bigquery.sql.nodes import call, cast, text
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.json_values import EXACT, parsed

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

    def _jsonremove(self, node: exp.JSONRemove) -> exp.Expr:
        paths = exp.Array(expressions=[item.copy() for item in node.expressions])
        return cast(call("bq_json_remove", cast(node.this, "VARCHAR"), paths), "JSON")

    def _jsonstripnulls(self, node: exp.JSONStripNulls) -> exp.Expr:
        given = [node.args.get(key) for key in ("expression", "include_arrays", "remove_empty")]
        named = {item.this.name.lower(): item.expression for item in given if isinstance(item, exp.Kwarg)}
        plain = [item for item in given if isinstance(item, exp.Expr) and not isinstance(item, exp.Kwarg)]
        if len(plain) > 1 or not named.keys() <= {"include_arrays", "remove_empty"}:
            raise SqlError("JSON_STRIP_NULLS takes a value, a path, include_arrays => and remove_empty =>.")
        path = plain[0] if plain else text("$")
        arrays, empty = named.get("include_arrays", exp.true()), named.get("remove_empty", exp.false())
        return cast(call("bq_json_strip_nulls", cast(node.this, "VARCHAR"), path, arrays, empty), "JSON")

    def _parsejson(self, node: exp.ParseJSON) -> exp.Expr:
        mode = option(node, "wide_number_mode", text(EXACT))
        if node.args.get("is_literal"):
            return cast(text(_literal(node.name)), "JSON")
        return cast(call("bq_parse_json", node.this, mode), "JSON")

    def _float64(self, node: exp.Float64) -> exp.Expr:
        return call("bq_float64_of_json", node.this, option(node, "wide_number_mode", text("round")))

    def _jsonkeysatdepth(self, node: exp.JSONKeysAtDepth) -> exp.Expr:
        depth, mode = node.args.get("expression"), node.args.get("mode")
        if isinstance(depth, exp.Kwarg):
            depth, mode = None, depth
        written = mode.expression if isinstance(mode, exp.Kwarg) else text("strict")
        return call("bq_json_keys", cast(node.this, "VARCHAR"), depth or ALL_DEPTHS, written)


def option(node: exp.Expr, name: str, default: exp.Expr) -> exp.Expr:
    """The last argument of a function, which may be written `name => value` only. Raises SqlError for another one."""
    written = node.args.get("expression")
    if written is None:
        return default
    if not isinstance(written, exp.Kwarg) or written.this.name.lower() != name:
        raise SqlError(f"{node.sql_name() if isinstance(node, exp.Func) else ''} takes a value and {name} => ...")
    value: exp.Expr = written.expression
    return value


def _literal(written: str) -> str:
    """The text of a JSON literal as it is held. Raises SqlError for one that is none."""
    try:
        return parsed(written, EXACT)
    except ScalarError as error:
        raise SqlError(error.words.replace("input to PARSE_JSON", "JSON literal")) from None


def _arguments(node: exp.Expr, name: str) -> tuple[list[tuple[exp.Expr, exp.Expr]], exp.Expr]:
    """Pairs of a path and a value, and the option, which is true unless it is given."""
    given = [item for item in node.expressions if not isinstance(item, exp.Kwarg)]
    named = [item for item in node.expressions if isinstance(item, exp.Kwarg)]
    if len(given) % 2 or any(item.this.name.lower() != name for item in named):
        function = node.sql_name() if isinstance(node, exp.Func) else ""
        raise SqlError(
            f"No matching signature for function {function}: it takes pairs of a path and a value, and {name}"
        )
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
