"""The parser of GoogleSQL: sqlglot's for BigQuery, with BigQuery's functions only.

sqlglot knows the functions of thirty dialects under all of them, READ_CSV among them. One that BigQuery lacks stays a
name without a meaning here, and is refused as such.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, TypeVar

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.tokenizer_core import TokenType

from emulator.services.bigquery.sql.arity import COUNTS, Build, check_count, checked
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.foreign import GoogleParser, GoogleTokenizer
from emulator.services.bigquery.sql.named import NAMED
from emulator.services.bigquery.sql.syntax import MIXED

T = TypeVar("T")

NO_PARENTHESES = (
    TokenType.CURRENT_DATE,
    TokenType.CURRENT_DATETIME,
    TokenType.CURRENT_TIME,
    TokenType.CURRENT_TIMESTAMP,
)


def _initcap(arguments: Sequence[exp.Expr]) -> exp.Expr:
    delimiters = exp.Literal.string(BigQuery.INITCAP_DEFAULT_DELIMITER_CHARS)
    return exp.Initcap(this=arguments[0], expression=(*arguments[1:], delimiters)[0])


def _normalize_and_casefold(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The form is a word, not the name of a column."""
    form = exp.var(arguments[1].name or "that") if len(arguments) > 1 else None
    return exp.Normalize(this=arguments[0], form=form, is_casefold=True)


def _of(namespace: str, function: exp.Expr | None) -> exp.Expr | None:
    """A function of NET, say, under its whole name. Raises SqlError for another number of arguments than it takes."""
    if not isinstance(function, exp.Anonymous):
        return function
    name = f"{namespace}.{function.name.upper()}"
    check_count(name, len(function.expressions))
    return exp.Anonymous(this=name, expressions=function.expressions)


def _contains_substr(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The value may be of any type, which the parser's own reading leaves no room for."""
    return exp.Contains(this=arguments[0], expression=arguments[1], json_scope=(*arguments[2:], None)[0])


def _json_literal(parsed: exp.Expr) -> exp.Expr:
    """JSON '...' with the fields and subscripts behind it, which the parser takes for those of the text."""
    literal = parsed
    while isinstance(literal, (exp.Dot, exp.Bracket)):
        literal = literal.this
    made = exp.ParseJSON(this=literal.copy(), is_literal=True)
    if literal is parsed:
        return made
    literal.replace(made)
    return parsed


def _approx_quantiles(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Behind DISTINCT the parser takes the number for another value that is to be distinct."""
    value, *rest = arguments
    if isinstance(value, exp.Distinct) and len(value.expressions) == 2:
        rest = [value.expressions[1].pop()]
    if not rest:
        raise SqlError("No matching signature for function APPROX_QUANTILES: it takes 2 arguments, not 1")
    return exp.ApproxQuantiles(this=value, expression=rest[0])


# Functions that the parser knows for other dialects only, or reads to their end whatever they hold.
OTHERS: dict[str, Build] = {
    "APPROX_QUANTILES": _approx_quantiles,
    "ARRAY_TRANSFORM": exp.Transform.from_arg_list,
    "CONTAINS_SUBSTR": _contains_substr,
    "INITCAP": _initcap,
    "NORMALIZE_AND_CASEFOLD": _normalize_and_casefold,
}
SKETCHES = "HLL_COUNT"
# BigQuery: built-in functions of tables, https://cloud.google.com/bigquery/docs/reference/standard-sql/table-functions-built-in
TABLE_FUNCTIONS = (
    "APPENDS",
    "CHANGES",
    "EXTERNAL_OBJECT_TRANSFORM",
    "EXTERNAL_QUERY",
    "GAP_FILL",
    "RANGE_SESSIONIZE",
    "VECTOR_SEARCH",
)
OPTIONS = "options"  # of what ALTER COLUMN ... SET OPTIONS changes, in its meta
PLAIN = {"CEIL", "CHR", "FLOOR", "INITCAP", "MAX_BY", "MIN_BY", "TRANSLATE"}


def _unknown(name: str) -> Build:
    """What builds the call of a function that the parser does not know."""
    return lambda arguments: exp.Anonymous(this=name, expressions=arguments)


def _is_other_operation(found: exp.Expr, operand: exp.Expr) -> bool:
    """Whether an operand is a set operation too, and another one; one in parentheses is a query of its own."""
    if not isinstance(operand, exp.SetOperation):
        return False
    return type(operand) is not type(found) or operand.args["distinct"] != found.args["distinct"]


class GoogleSql(BigQuery):
    """GoogleSQL as BigQuery has it. The format strings of dates stay as they are written."""

    TIME_MAPPING = {}

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """A literal JSONPath in its parts. Raises SqlError for one that does not start at the root."""
        if isinstance(path, exp.Literal) and path.name.startswith("lax "):
            return path
        if isinstance(path, exp.Literal) and not path.name.startswith("$"):
            raise SqlError("JSONPath must start with '$'")
        made: exp.Expr | None = super().to_json_path(path)
        return made

    class Tokenizer(GoogleTokenizer):
        """BigQuery's tokens, without those of other dialects."""

    class Parser(GoogleParser):
        """BigQuery's parser, restricted to BigQuery's functions."""

        FUNCTIONS = {
            name: checked(
                name,
                OTHERS.get(name) or (name not in NAMED and BigQueryParser.FUNCTIONS.get(name)) or _unknown(name),
            )
            for name in COUNTS
        }
        FUNCTION_PARSERS = {
            name: parse
            for name, parse in BigQueryParser.FUNCTION_PARSERS.items()
            if name in COUNTS and name not in PLAIN
        }
        NO_PAREN_FUNCTIONS = {
            token: node for token, node in BigQueryParser.NO_PAREN_FUNCTIONS.items() if token in NO_PARENTHESES
        }

        TYPE_LITERAL_PARSERS: ClassVar = {
            **BigQueryParser.TYPE_LITERAL_PARSERS,
            exp.DType.JSON: lambda _self, this, _type: _json_literal(this),
        }

        JOIN_METHODS: ClassVar = set()  # no NATURAL, ASOF or POSITIONAL JOIN, no SEMI or ANTI JOIN
        JOIN_KINDS: ClassVar = {TokenType.CROSS, TokenType.INNER, TokenType.OUTER}

        RANGE_PARSERS = {
            **BigQueryParser.RANGE_PARSERS,
            TokenType.LIKE: lambda self, this: self._parse_like(this),
        }

        def _parse_like(self, this: exp.Expr | None) -> exp.Expr | None:
            """LIKE and its pattern, or LIKE ANY, SOME, ALL and UNNEST(array)."""
            quantifier = self.SUBQUERY_PREDICATES.get(self._curr.token_type)
            if quantifier is None or self._next.token_type != TokenType.UNNEST:
                like: exp.Expr | None = BigQueryParser.RANGE_PARSERS[TokenType.LIKE](self, this)
                return like
            self._advance()
            patterns = self._parse_unnest(with_alias=False)
            return self.expression(exp.Like(this=this, expression=quantifier(this=patterns)))

        def parse_set_operation(
            self, this: exp.Expr | None, consume_pipe: bool = False, intersect_only: bool = False
        ) -> exp.SetOperation | None:
            """UNION, INTERSECT or EXCEPT and its second operand; other ones beside it stand in parentheses."""
            begin = self._curr
            found: exp.SetOperation | None = super().parse_set_operation(this, consume_pipe, intersect_only)
            if found is not None and (intersect_only or _is_other_operation(found, found.this)):
                self.raise_error(MIXED, begin)
            return found

        def _parse_table(self, schema: bool = False, *args: Any, **options: Any) -> exp.Expr | None:
            """A source, or a table with a list of columns; BigQuery's own functions of tables are refused by name."""
            name = self._curr.text.upper() if self._curr and not schema else ""
            if name in TABLE_FUNCTIONS and self._next and self._next.token_type == TokenType.L_PAREN:
                raise SqlError(f"The table function {name} is not emulated.")
            source: exp.Expr | None = super()._parse_table(schema, *args, **options)
            return source

        def _parse_table_alias(self, alias_tokens: Collection[TokenType] | None = None) -> exp.TableAlias | None:
            """The alias of a source; MATCH_RECOGNIZE is none, and refused by name."""
            if self._curr.text.upper() == "MATCH_RECOGNIZE" and self._next.token_type == TokenType.L_PAREN:
                raise SqlError("MATCH_RECOGNIZE is not emulated.")
            alias: exp.TableAlias | None = super()._parse_table_alias(alias_tokens)
            return alias

        def _parse_alter_table_alter(self) -> Any:
            """ALTER COLUMN, also several of them, after the first ALTER."""
            actions = [self._parse_alter_column()]
            while self._match(TokenType.COMMA):
                if not self._match(TokenType.ALTER):
                    self.raise_error("Expected keyword ALTER", self._curr)
                actions.append(self._parse_alter_column())
            return actions

        def _parse_alter_column(self) -> exp.Expr | None:
            """One of them; what SET OPTIONS says is noted as its OPTIONS, since sqlglot has no place for it."""
            index = self._index
            self._match(TokenType.COLUMN)
            exists = self._parse_exists()
            column = self._parse_field(any_token=True)
            if self._match_text_seq("SET", "OPTIONS"):
                altered: exp.Expr = self.expression(exp.AlterColumn(this=column, exists=exists or None))
                altered.meta[OPTIONS] = exp.Properties(expressions=self._parse_with_property())
                return altered
            self._retreat(index)
            parsed: exp.Expr | None = super()._parse_alter_table_alter()
            return parsed

        def _parse_bracket(self, this: exp.Expr | None = None) -> exp.Expr | None:
            """Subscripts, OFFSET(0) and its like in each of a[..][..], not in the last alone."""
            if self._match(TokenType.L_BRACE, advance=False):
                self.raise_error("Unexpected brace", self._curr)
            parsed = super()._parse_bracket(this)
            subscript = parsed
            while isinstance(subscript, exp.Bracket):
                index = subscript.expressions[0] if subscript.expressions else None
                if isinstance(index, exp.Anonymous) and index.name.upper() in self.BRACKET_OFFSETS:
                    offset, safe = self.BRACKET_OFFSETS[index.name.upper()]
                    subscript.set("offset", offset)
                    subscript.set("safe", safe)
                    index.replace(index.expressions[0])
                subscript = subscript.this
            return parsed

        def _parse_csv(self, parse_method: Callable[[], T | None], sep: TokenType = TokenType.COMMA) -> list[T]:
            """A list in which nothing is left out but what would follow the last comma."""

            def item() -> T | None:
                if self._curr.token_type == sep == TokenType.COMMA:
                    self.raise_error("Unexpected comma", self._curr)
                return parse_method()

            items: list[T] = super()._parse_csv(item, sep)
            return items

        def _parse_cast(self, strict: bool, safe: bool | None = None) -> exp.Expr:
            """CAST, its FORMAT kept as it is written."""
            value = self._parse_assignment()
            if not self._match(TokenType.ALIAS):
                self.raise_error("Expected AS after CAST")
            kind = self._parse_types(with_collation=True)
            if kind is None and self._curr.text.isidentifier():
                raise SqlError(f"Type not found: {self._curr.text}")
            if kind is None:
                self.raise_error("Expected TYPE after CAST")
            if isinstance(kind, exp.Identifier):
                kind = exp.DataType.from_str(kind.name, dialect=self.dialect, udt=True)
            form = self._parse_at_time_zone(self._parse_bitwise()) if self._match(TokenType.FORMAT) else None
            made: exp.Expr = self.build_cast(strict=strict, this=value, to=kind, format=form, safe=safe)
            return made

        def _parse_column_ops(self, this: exp.Expr | None) -> exp.Expr | None:
            """NET.name(...), SAFE.NET.name(...) and HLL_COUNT.name(...) as calls of a function of that whole name."""
            if isinstance(this, exp.Column) and this.sql().upper() == "SAFE" and self._at(TokenType.DOT, "NET"):
                self._advance(3)
                return exp.SafeFunc(this=_of("NET", self._parse_function(any_token=True)))
            parsed: exp.Expr | None = super()._parse_column_ops(this)
            if isinstance(parsed, exp.NetFunc):
                return _of("NET", parsed.this)
            if isinstance(parsed, exp.Dot) and parsed.this.sql().upper() == SKETCHES:
                return _of(SKETCHES, parsed.expression)
            return parsed

        def _at(self, token: TokenType, following: str) -> bool:
            """Whether a token is next, and that word after it."""
            return bool(self._match(token, advance=False)) and self._next.text.upper() == following
