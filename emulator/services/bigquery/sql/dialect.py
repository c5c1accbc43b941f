"""The parser of GoogleSQL: sqlglot's for BigQuery, with BigQuery's functions only.

sqlglot knows the functions of thirty dialects under all of them, READ_CSV among them. One that BigQuery lacks stays a
name without a meaning here, and is refused as such.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.tokenizer_core import TokenType

from emulator.services.bigquery.sql.arity import COUNTS, Build, checked

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


def _contains_substr(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The value may be of any type, which the parser's own reading leaves no room for."""
    return exp.Contains(this=arguments[0], expression=arguments[1], json_scope=(*arguments[2:], None)[0])


# Functions that the parser knows for other dialects only, or reads to their end whatever they hold.
OTHERS: dict[str, Build] = {
    "ARRAY_TRANSFORM": exp.Transform.from_arg_list,
    "CONTAINS_SUBSTR": _contains_substr,
    "INITCAP": _initcap,
    "NORMALIZE_AND_CASEFOLD": _normalize_and_casefold,
}
PLAIN = {"CEIL", "CHR", "FLOOR", "INITCAP", "MAX_BY", "MIN_BY", "TRANSLATE"}


def _unknown(name: str) -> Build:
    """What builds the call of a function that the parser does not know."""
    return lambda arguments: exp.Anonymous(this=name, expressions=arguments)


class GoogleSql(BigQuery):
    """GoogleSQL as BigQuery has it. The format strings of dates stay as they are written."""

    TIME_MAPPING = {}

    class Parser(BigQueryParser):
        """BigQuery's parser, restricted to BigQuery's functions."""

        FUNCTIONS = {
            name: checked(name, OTHERS.get(name) or BigQueryParser.FUNCTIONS.get(name) or _unknown(name))
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

        def _parse_bracket(self, this: exp.Expr | None = None) -> exp.Expr | None:
            """Subscripts, OFFSET(0) and its like in each of a[..][..], not in the last alone."""
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
