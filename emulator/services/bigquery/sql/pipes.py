"""Pipe operators that sqlglot does not read: SET, DROP, RENAME, and set operations with several queries.

https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.tokenizer_core import TokenType


class PipeParser(BigQueryParser):
    """BigQuery's parser with these operators; each method takes the query before one, and gives the one with it."""

    PIPE_SYNTAX_TRANSFORM_PARSERS: ClassVar = {
        **BigQueryParser.PIPE_SYNTAX_TRANSFORM_PARSERS,
        "DROP": lambda self, query: self._parse_pipe_syntax_drop(query),
        "RENAME": lambda self, query: self._parse_pipe_syntax_rename(query),
        "SET": lambda self, query: self._parse_pipe_syntax_set(query),
    }

    def _parse_pipe_syntax_set(self, query: exp.Query) -> exp.Query:
        """SET column = value, ...: the columns in their places, with other values."""
        self._advance()
        values = []
        for assignment in self._parse_csv(self._parse_equality):
            if not isinstance(assignment, exp.EQ) or not isinstance(assignment.this, exp.Column):
                self.raise_error("Expected column = value")
            values.append(exp.alias_(assignment.expression, assignment.this.this))
        return self._with_star(query, exp.Star(replace=values))

    def _parse_pipe_syntax_drop(self, query: exp.Query) -> exp.Query:
        """DROP column, ..."""
        self._advance()
        return self._with_star(query, exp.Star(except_=self._parse_csv(self._parse_id_var)))

    def _parse_pipe_syntax_rename(self, query: exp.Query) -> exp.Query:
        """RENAME old AS new, ...: the columns in their places, with other names."""
        self._advance()
        return self._with_star(query, exp.Star(rename=self._parse_csv(self._parse_renamed)))

    def _parse_renamed(self) -> exp.Expr:
        old = self._parse_id_var()
        self._match(TokenType.ALIAS)
        return self.expression(exp.Alias(this=exp.Column(this=old), alias=self._parse_id_var()))

    def _build_pipe_cte(
        self, query: exp.Query, expressions: list[exp.Expr], alias_cte: exp.TableAlias | None = None
    ) -> exp.Select:
        """A query of another one under a name; where AS gave that, the parser has it for no table's."""
        made: exp.Select = super()._build_pipe_cte(query, expressions, alias_cte)
        start = made.args["from_"]
        if isinstance(start.this, exp.TableAlias):
            start.set("this", exp.Table(this=start.this.this.copy()))
        return made

    def _with_star(self, query: exp.Query, star: exp.Star) -> exp.Query:
        inner = self._build_pipe_cte(query=query, expressions=[exp.Star()])
        changed = inner.select(star, append=False, copy=False)
        made: exp.Query = self._build_pipe_cte(query=changed, expressions=[exp.Star()])
        return made

    def _parse_pipe_syntax_set_operator(self, query: exp.Query) -> exp.Query | None:
        """UNION ALL (query), ... and its like; None where another operator stands."""
        first = self.parse_set_operation(query)
        if first is None:
            return None
        operands = [first.expression.pop()]
        while self._match(TokenType.COMMA):
            operands.append(self._parse_paren())
        first.this.pop()
        made: exp.Query = self._build_pipe_cte(query=query, expressions=[exp.Star()])
        clause = made.args["with_"].pop()
        for operand in operands:
            if not isinstance(operand, exp.Subquery):
                self.raise_error("Expecting (")
            operation = first.copy()
            operation.set("this", made)
            operation.set("expression", operand.unnest())
            made = operation
        made.set("with_", clause)
        done: exp.Query = self._build_pipe_cte(query=made, expressions=[exp.Star()])
        return done
