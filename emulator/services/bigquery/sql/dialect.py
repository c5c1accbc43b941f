"""The parser of GoogleSQL: sqlglot's for BigQuery, with BigQuery's functions only.

sqlglot knows the functions of thirty dialects under all of them, READ_CSV among them. One that BigQuery lacks stays a
name without a meaning here, and is refused as such.
"""

from __future__ import annotations

from pathlib import Path

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.tokenizer_core import TokenType

NAMES = Path(__file__).with_name("functions.txt")
FUNCTION_NAMES = frozenset(
    name for line in NAMES.read_text(encoding="utf-8").splitlines() if not line.startswith("#") for name in line.split()
)
NO_PARENTHESES = (
    TokenType.CURRENT_DATE,
    TokenType.CURRENT_DATETIME,
    TokenType.CURRENT_TIME,
    TokenType.CURRENT_TIMESTAMP,
)


class GoogleSql(BigQuery):
    """GoogleSQL as BigQuery has it. The format strings of dates stay as they are written."""

    TIME_MAPPING = {}

    class Parser(BigQueryParser):
        """BigQuery's parser, restricted to BigQuery's functions."""

        FUNCTIONS = {name: build for name, build in BigQueryParser.FUNCTIONS.items() if name in FUNCTION_NAMES}
        FUNCTIONS["ARRAY_TRANSFORM"] = exp.Transform.from_arg_list
        FUNCTION_PARSERS = {
            name: parse for name, parse in BigQueryParser.FUNCTION_PARSERS.items() if name in FUNCTION_NAMES
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
