"""What sqlglot reads for other dialects, and GoogleSQL has not: words, operators, types and clauses.

https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical, operators and data-types
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import TokenType

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.pipes import PipeParser

OPERATORS = {"=>", "||", "->", ">=", "<=", "<>", "!=", "|>"}  # of more than one character
TYPES = {
    *("ANY TYPE", "ARRAY", "BIGDECIMAL", "BIGINT", "BIGNUMERIC", "BOOL", "BOOLEAN", "BYTEINT", "BYTES", "DATE"),
    *("DATETIME", "DECIMAL", "FLOAT64", "GEOGRAPHY", "INT", "INT64", "INTEGER", "INTERVAL", "JSON", "NULL", "NUMERIC"),
    *("RANGE", "SMALLINT", "STRING", "STRUCT", "TIME", "TIMESTAMP", "TINYINT", "UNION"),
}
WORDS = {  # of other dialects
    *("ANTI", "APPLY", "ASOF", "CONNECT BY", "DISTRIBUTE BY", "FETCH", "FILTER", "GLOB", "ILIKE", "LATERAL", "NOTNULL"),
    *("OVERLAPS", "REGEXP", "RLIKE", "SEMI", "SIMILAR TO", "SORT BY", "STRAIGHT_JOIN", "XOR"),
}
WITH_PART = re.compile(r"\s*[-+]?\d+(\.\d+)?\s*[A-Za-z]+\s*")  # 1 day
CLAUSES = (
    *(TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.QUALIFY, TokenType.WINDOW),
    *(TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET, TokenType.TABLE_SAMPLE),
)


def _is_known(word: str, token: TokenType) -> bool:
    if not word[0].isalpha() and word[0] not in "{/":
        return word in OPERATORS
    return word in TYPES if token in Parser.TYPE_TOKENS else word not in WORDS


class GoogleTokenizer(BigQuery.Tokenizer):
    """BigQuery's tokens; types and words of other dialects are names."""

    KEYWORDS: ClassVar = {word: token for word, token in BigQuery.Tokenizer.KEYWORDS.items() if _is_known(word, token)}


class GoogleParser(PipeParser):
    """BigQuery's clauses and operators alone."""

    FACTOR: ClassVar = {token: node for token, node in PipeParser.FACTOR.items() if token != TokenType.MOD}
    QUERY_MODIFIER_PARSERS: ClassVar = {
        token: parse for token, parse in PipeParser.QUERY_MODIFIER_PARSERS.items() if token in CLAUSES
    }

    def _parse_star_op(self, *keywords: str) -> Any:
        """EXCEPT and REPLACE behind `*`; EXCLUDE is no word of GoogleSQL's for the former."""
        return super()._parse_star_op(*(word for word in keywords if word != "EXCLUDE"))

    def _parse_interval(self, *arguments: Any, **options: Any) -> Any:
        """INTERVAL and its datetime part, which is not inside of the text."""
        text = self._next if self._curr.token_type == TokenType.INTERVAL else None
        if text is not None and text.token_type == TokenType.STRING and WITH_PART.fullmatch(text.text):
            self.raise_error("Expected a datetime part behind the text", text)
        return super()._parse_interval(*arguments, **options)

    def _parse_limit(self, this: exp.Expr | None = None, *arguments: Any, **options: Any) -> Any:
        """LIMIT and its one number; OFFSET is a clause of its own."""
        limit = super()._parse_limit(this, *arguments, **options)
        if isinstance(limit, exp.Limit) and limit.args.get("offset") is not None:
            self.raise_error("Unexpected comma in LIMIT", self._prev)
        return limit


def refuse_clauses(tree: exp.Expr) -> None:
    """Raise SqlError for clauses of other dialects that the parser does not tell by a word."""
    for node in tree.walk():
        if isinstance(node, exp.WithinGroup):
            raise SqlError("Syntax error: WITHIN GROUP is not supported")
        if isinstance(node, exp.WindowSpec) and node.args.get("exclude"):
            raise SqlError("Syntax error: Unexpected keyword EXCLUDE in a window frame")
        if isinstance(node, exp.Distinct) and node.args.get("on"):
            raise SqlError("Syntax error: DISTINCT ON is not supported")
