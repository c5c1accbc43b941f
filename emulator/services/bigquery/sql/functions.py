"""BigQuery's functions rewritten for DuckDB, node by node; what sqlglot already writes right is not here.

Names starting with bq_ are macros (*.sql) or functions of scalars/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.sql import geographies, intervals, json_text, overflows, ranges, searches
from emulator.services.bigquery.sql.arity import check_count, not_found
from emulator.services.bigquery.sql.bignumeric import parameterized
from emulator.services.bigquery.sql.bytes_text import bitwise, give_bytes, joined, take_characters
from emulator.services.bigquery.sql.cast_formats import rewrite_formatted_cast
from emulator.services.bigquery.sql.casts import rewrite_cast
from emulator.services.bigquery.sql.comparisons import compare
from emulator.services.bigquery.sql.dates import BUCKETS, TIMESTAMPTZ, DateRewriter, bucket
from emulator.services.bigquery.sql.dialect import GoogleSql
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.expressions import struct_place
from emulator.services.bigquery.sql.formatted import rewrite_format
from emulator.services.bigquery.sql.intervals import IntervalRewriter
from emulator.services.bigquery.sql.json_changes import JsonChanges
from emulator.services.bigquery.sql.kinds import BYTES, DATE, INT64, JSON, STRING, array_of, kind_of, note, of_datatype
from emulator.services.bigquery.sql.named import NAMED
from emulator.services.bigquery.sql.nodes import call, cast, engine_type, is_translated, put, zone_name
from emulator.services.bigquery.sql.numbers import NumberRewriter
from emulator.services.bigquery.sql.patterns import PatternRewriter
from emulator.services.bigquery.sql.percentiles import percentile
from emulator.services.bigquery.sql.safe import isolate
from emulator.services.bigquery.sql.texts import TextRewriter
from emulator.services.bigquery.sql.types import RANGE_ELEMENTS, check_digits, range_type
from emulator.services.bigquery.sql.values import ValueRewriter

Rewrite = Callable[[Any], exp.Expr | None]
# Functions that sqlglot does not know by name, of values of any type; those of one type are in named.txt.
OF_ANY = {"ERROR": "bq_error", "NULLIFZERO": "bq_nullifzero", "ZEROIFNULL": "bq_zeroifnull"}
QUANTILES = ("bq_approx_quantiles", "bq_distinct_quantiles")
MAX_INT64 = 2**63 - 1
DIRECT: dict[type[exp.Expr], str] = {
    exp.JSONType: "bq_json_type",
    exp.UnixSeconds: "bq_unix_seconds",
    exp.UnixMillis: "bq_unix_millis",
    exp.UnixMicros: "epoch_us",
    exp.UnixDate: "bq_unix_date",
    exp.DateFromUnixDate: "bq_date_from_unix_date",
    exp.SafeConvertBytesToString: "bq_bytes_to_string",
    exp.LowerHex: "bq_to_hex",
    exp.SHA1Digest: "bq_sha1",
    exp.ApproxTopK: "bq_approx_top_count",
    exp.ApproxTopSum: "bq_approx_top_sum",
    exp.ArrayFirst: "list_first",
    exp.ArrayLast: "list_last",
    exp.ArraySize: "len",
    exp.ByteLength: "bq_byte_length",
    exp.Unicode: "bq_unicode",
    exp.ToBase32: "bq_to_base32",
    exp.FromBase32: "bq_from_base32",
    exp.Soundex: "bq_soundex",
    exp.RangeBucket: "bq_range_bucket",
    exp.CodePointsToString: "bq_string_of",
    exp.CodePointsToBytes: "bq_bytes_of",
}
# Functions that neither DuckDB nor a macro offers: refused by their BigQuery name.
REFUSED: dict[type[exp.Expr], str] = {
    exp.Collate: "COLLATE",
}


def rewrite_functions(tree: exp.Expr, principal: str) -> exp.Expr:
    """The tree with every function call changed for DuckDB, innermost first.

    What is_translated says of is DuckDB's already, and left alone. principal is what SESSION_USER() gives.
    Raises SqlError for a function that is not emulated.
    """
    rewriter = Rewriter(principal)
    tree = isolate(tree)
    overflows.mark(tree)
    for node in reversed(list(tree.walk(bfs=True, prune=is_translated))):
        if is_translated(node):
            continue
        new = rewriter.rewrite(node)
        if new is not None and new is not node:
            note(new, kind_of(node))
            if node is tree:
                tree = new
            else:
                put(node, new)
    return tree


class Rewriter(
    IntervalRewriter, DateRewriter, NumberRewriter, ValueRewriter, PatternRewriter, TextRewriter, JsonChanges
):
    """One pass over one statement."""

    def __init__(self, principal: str) -> None:
        self.principal = principal

    def rewrite(self, node: exp.Expr) -> exp.Expr | None:
        """The replacement of a node whose children are done, or None to keep it."""
        if take_characters(node):
            return give_bytes(node, self._rewritten(node) or node.copy())
        rewritten = self._rewritten(node)
        return overflows.checked(node, rewritten or node.copy()) if overflows.FINITE_IF in node.meta else rewritten

    def _rewritten(self, node: exp.Expr) -> exp.Expr | None:
        kind = type(node)
        if (new := intervals.operation(node) or ranges.compare(node) or bitwise(node)) is not None:
            return new
        if (new := self.number(node) or compare(node) or percentile(node)) is not None:
            return new
        if kind in DIRECT:
            return call(DIRECT[kind], *_arguments(node))
        if kind in REFUSED:
            raise SqlError(f"The function {REFUSED[kind]} is not emulated.")
        handler: Rewrite | None = getattr(self, f"_{kind.__name__.lower()}", None)
        return handler(node) if handler else None

    # Names
    def _anonymous(self, node: exp.Anonymous) -> exp.Expr | None:
        name = str(node.this)
        if node.meta.get("ours"):
            return None
        if name.upper() in BUCKETS:
            return bucket(name.upper(), node.expressions)
        if name.upper() in searches.OPTIONS:
            return searches.function(node)
        if (made := ranges.function(node)) is not None:
            return made
        named = NAMED.get(name.upper())
        target = named.target if named is not None else OF_ANY.get(name.upper())
        if not target:
            path = node.parent.this.sql("bigquery") + "." if isinstance(node.parent, exp.Dot) else ""
            raise not_found(path + name)
        if any(isinstance(item, exp.Kwarg) for item in node.expressions):
            raise SqlError(f"Arguments of {name.upper()} by their names are not emulated.")
        return call(geographies.target(node, target), *node.expressions)

    def _safefunc(self, node: exp.SafeFunc) -> exp.Expr:
        return call("TRY", node.this)

    def _if(self, node: exp.If) -> None:
        if node.args.get("false") is None and not isinstance(node.parent, exp.Case):
            check_count("IF", 2)

    def _sessionuser(self, _: exp.SessionUser) -> exp.Expr:
        return exp.Literal.string(self.principal.split(":", 1)[-1])

    # Arithmetic
    def _literal(self, node: exp.Literal) -> exp.Expr | None:
        if node.is_int and int(node.name) > MAX_INT64 + isinstance(node.parent, exp.Neg):
            raise SqlError(f"Invalid integer literal: {node.name}")
        if node.is_string or node.is_int:
            return None
        return cast(node.copy(), "DOUBLE")  # to DuckDB, 1.5 is a DECIMAL

    def _add(self, node: exp.Binary) -> exp.Expr | None:
        if {kind_of(node.this), kind_of(node.expression)} == {DATE, INT64}:  # the engine adds days of 32 bits
            for side in (node.this, node.expression):
                if kind_of(side) == INT64:
                    side.replace(cast(side.copy(), "INTEGER"))
            return None
        left = node.this
        if isinstance(left, exp.Literal) and left.is_int:  # DuckDB's literals have 32 bits
            left.replace(cast(left.copy(), "BIGINT"))
        return None

    _sub = _mul = _add

    def _datatype(self, node: exp.DataType) -> exp.Expr | None:
        if node.this == exp.DType.DECIMAL:
            if not node.expressions:
                return engine_type("DECIMAL(38, 9)")
            check_digits("NUMERIC", *(*(int(item.name) for item in node.expressions), 0)[:2])
        if node.this == exp.DType.BIGDECIMAL:
            return parameterized(node)
        if node.this == exp.DType.GEOGRAPHY:
            return engine_type("GEOMETRY")
        if node.this == exp.DType.RANGE:
            return _range_type(node)
        return None

    def _cast(self, node: exp.Cast) -> exp.Expr | None:
        if node.args.get("format"):
            return rewrite_formatted_cast(node)
        return rewrite_cast(node)

    _trycast = _cast

    # JSON
    def _jsonextractscalar(self, node: exp.JSONExtractScalar) -> exp.Expr:
        return call("bq_json_value", node.this, _path(node))

    def _jsonextract(self, node: exp.JSONExtract) -> exp.Expr:
        path = node.expression
        name = "bq_json_lax" if isinstance(path, exp.Literal) and path.name.startswith("lax ") else "bq_json_query"
        found = call(name, node.this, _path(node))
        return call("bq_json_as_text", found) if kind_of(node) == STRING else found

    def _jsonvaluearray(self, node: exp.JSONValueArray) -> exp.Expr:
        return call("bq_json_value_array", node.this, _path(node))

    def _jsonextractarray(self, node: exp.JSONExtractArray) -> exp.Expr:
        found = call("bq_json_query_array", node.this, _path(node))
        return cast(found, "VARCHAR[]") if kind_of(node) == array_of(STRING) else found

    def _jsonformat(self, node: exp.JSONFormat) -> exp.Expr:
        return json_text.rewrite(node)

    def _jsonobject(self, node: exp.JSONObject) -> exp.Expr:
        return json_text.rewrite_object(node)

    def _jsonarray(self, node: exp.JSONArray) -> exp.Expr:
        return json_text.rewrite_array(node)

    def _int64(self, node: exp.Expr) -> exp.Expr:
        return call(json_text.CONVERSIONS[type(node)], node.this)

    _jsonbool = _laxint64 = _laxfloat64 = _laxbool = _laxstring = _int64

    def _string(self, node: exp.String) -> exp.Expr:
        zone = node.args.get("zone")
        if zone is not None:
            return call("bq_string_of_timestamp", cast(node.this, TIMESTAMPTZ), zone_name(zone))
        return call("bq_string_of_json" if kind_of(node.this) == JSON else "bq_string", node.this)

    # Arrays
    def _bracket(self, node: exp.Bracket) -> exp.Expr | None:
        if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
            return None
        index = node.expressions[0]
        if kind_of(node.this) == JSON:
            return json_text.subscript(node.this, index)
        if (place := struct_place(node)) is not None:
            return call("struct_extract_at", node.this, place)
        if index.is_string:
            return None
        if node.args.get("offset"):
            index = exp.Sub(this=exp.Paren(this=index), expression=exp.Literal.number(1))
        return call("bq_safe_element" if node.args.get("safe") else "bq_element", node.this, index)

    def _arraytostring(self, node: exp.ArrayToString) -> exp.Expr:
        null = node.args.get("null")
        rest = [node.expression] if null is None else [node.expression, null]
        name = "bq_array_to_string" if null is None else "bq_array_to_string_null"
        return joined(name, node.this, *rest) if kind_of(node) == BYTES else call(name, node.this, *rest)

    # Aggregates: DuckDB takes ORDER BY but no LIMIT inside, and wants NULLs filtered out aside.
    def _ignorenulls(self, node: exp.IgnoreNulls) -> exp.Expr | None:
        if _name_of(node.this) in QUANTILES:
            ignoring: exp.Expr = node.this.copy()
            return ignoring
        return _array_agg(node.this, ignore_nulls=True) if isinstance(node.this, exp.ArrayAgg) else None

    def _respectnulls(self, node: exp.RespectNulls) -> exp.Expr | None:
        if _name_of(node.this) in QUANTILES:
            raise SqlError("RESPECT NULLS in APPROX_QUANTILES is not emulated.")
        return _array_agg(node.this, ignore_nulls=False) if isinstance(node.this, exp.ArrayAgg) else None

    def _arrayagg(self, node: exp.ArrayAgg) -> exp.Expr | None:
        if isinstance(node.parent, (exp.IgnoreNulls, exp.RespectNulls)):
            return None
        return _array_agg(node, ignore_nulls=False)

    def _groupconcat(self, node: exp.GroupConcat) -> exp.Expr | None:
        of_bytes, said = kind_of(node) == BYTES, node.args.get("separator")
        separator = said or (call("bq_bytes", ",") if of_bytes else exp.Literal.string(","))
        inner, limit = _split_limit(node.this)
        listed, join = _list_of(inner, ignore_nulls=True), joined if of_bytes else call
        return _after_window(node, listed, lambda value: join("array_to_string", _slice(value, limit), separator))

    def _arrayconcatagg(self, node: exp.ArrayConcatAgg) -> exp.Expr | None:
        inner, limit = _split_limit(node.this)
        listed = _list_of(inner, ignore_nulls=True)
        return _after_window(node, listed, lambda value: call("flatten", _slice(value, limit)))

    def _approxquantiles(self, node: exp.ApproxQuantiles) -> exp.Expr:
        if isinstance(node.this, exp.Distinct):
            return call(QUANTILES[1], call("list", node.this), node.expression)
        return call(QUANTILES[0], node.this, node.expression)

    def _havingmax(self, node: exp.HavingMax) -> exp.Expr | None:
        if not isinstance(node.parent, exp.AnyValue):
            raise SqlError("HAVING MAX and HAVING MIN inside an aggregate are emulated for ANY_VALUE only.")
        return None

    def _anyvalue(self, node: exp.AnyValue) -> exp.Expr | None:
        if isinstance(node.this, exp.HavingMax):
            having = node.this
            return call("arg_max" if having.args.get("max") else "arg_min", having.this, having.expression)
        return None

    def _length(self, node: exp.Length) -> exp.Expr | None:
        return call("octet_length", node.this) if kind_of(node.this) == BYTES else None

    def _format(self, node: exp.Format) -> exp.Expr:
        return rewrite_format(node)


def _name_of(node: exp.Expr) -> str:
    return str(node.this) if isinstance(node, exp.Anonymous) else ""


def _range_type(node: exp.DataType) -> exp.Expr:
    kind = of_datatype(node)
    if kind is None or kind.element is None or kind.element.name not in RANGE_ELEMENTS:
        raise SqlError(f"{node.sql('bigquery')} is no type: a RANGE is of DATE, DATETIME or TIMESTAMP.")
    return engine_type(range_type(kind.element.name))


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    """The arguments of a function in their order. Raises SqlError for one that would be dropped."""
    arguments: list[exp.Expr] = []
    for key, value in node.args.items():
        if key in ("this", "expression", "decimals", "count") and isinstance(value, exp.Expr):
            arguments.append(value)
        elif isinstance(value, exp.Expr):
            name = node.sql_name() if isinstance(node, exp.Func) else type(node).__name__.upper()
            raise SqlError(f"The argument {value.sql('bigquery')} of {name} is not emulated.")
    return arguments


def _path(node: exp.Expr) -> exp.Expr:
    path = node.args.get("expression")
    if path is None:
        return exp.Literal.string("$")
    if isinstance(path, exp.Literal) and not path.name.startswith("lax "):  # of a parameter
        path = GoogleSql().to_json_path(path)
    if isinstance(path, exp.JSONPath):
        return exp.Literal.string(json_path(path))
    if isinstance(path, exp.Expr):
        return path
    raise SqlError("A JSON path must be a string.")


def json_path(path: exp.JSONPath) -> str:
    """A JSONPath for DuckDB: keys quoted, so that DICOM tags such as 00080020 are names."""
    text = "$"
    for part in path.expressions:
        if isinstance(part, exp.JSONPathKey):
            text += f'."{part.this}"'
        elif isinstance(part, exp.JSONPathSubscript) and isinstance(part.this, (str, int)):
            text += f"[{part.this}]" if not isinstance(part.this, str) else f'."{part.this}"'
        elif not isinstance(part, exp.JSONPathRoot):
            raise SqlError("Unsupported operator in JSONPath: only names and subscripts are supported.")
    return text


def _split_limit(node: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    return (node.this, node.expression) if isinstance(node, exp.Limit) else (node, None)


def _slice(value: exp.Expr, limit: exp.Expr | None) -> exp.Expr:
    return value if limit is None else call("list_slice", value, 1, limit)


def _list_of(inner: exp.Expr, *, ignore_nulls: bool) -> exp.Expr:
    listed: exp.Expr = call("list", inner)
    if ignore_nulls:
        value = inner
        while isinstance(value, (exp.Order, exp.Distinct)):
            value = value.expressions[0] if isinstance(value, exp.Distinct) else value.this
        condition = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
        listed = exp.Filter(this=listed, expression=exp.Where(this=condition))
    return listed


def _array_agg(node: exp.ArrayAgg, *, ignore_nulls: bool) -> exp.Expr | None:
    inner, limit = _split_limit(node.this)
    outer = node.parent if isinstance(node.parent, (exp.IgnoreNulls, exp.RespectNulls)) else node
    return _after_window(outer, _list_of(inner, ignore_nulls=ignore_nulls), lambda value: _slice(value, limit))


def _after_window(node: exp.Expr, aggregate: exp.Expr, finish: Callable[[exp.Expr], exp.Expr]) -> exp.Expr | None:
    """`finish` applied to the aggregate, or to the window that it is in."""
    window = node.parent
    if not isinstance(window, exp.Window) or window.this is not node:
        return finish(aggregate)
    inner = window.copy()
    inner.set("this", aggregate)
    window.replace(note(finish(inner), kind_of(window)))
    return None
