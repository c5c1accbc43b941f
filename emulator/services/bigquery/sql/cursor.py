"""A place in the words of a script, from which they are read on: names, pieces of text, and what was expected there.

https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sqlglot import Token, TokenType
from sqlglot.errors import SqlglotError

from emulator.services.bigquery.sql.blocks import Fragment, Place
from emulator.services.bigquery.sql.dialect import GoogleSql
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.syntax import described, syntax_error

OPENING, CLOSING = ("(", "["), (")", "]")
NAMES = (TokenType.IDENTIFIER, TokenType.STRING)


class Words(GoogleSql):
    """The words of a script, none of which swallows the rest of its statement."""

    class Tokenizer(GoogleSql.Tokenizer):
        """BigQuery's, without the words after which sqlglot reads text only."""

        COMMANDS: ClassVar = set()


def tokenized(sql: str) -> Sequence[Token]:
    """The words of a text. Raises SqlError where a literal or comment has no end."""
    try:
        tokens: Sequence[Token] = Words().tokenize(sql)
    except SqlglotError as error:
        raise syntax_error(error, sql) from None
    return tokens


class Cursor:
    """Goes through the words of one script from left to right."""

    def __init__(self, sql: str, tokens: Sequence[Token]) -> None:
        self._sql = sql
        self._tokens = tokens
        self._words = [word_of(token) for token in tokens]
        self._lines = [index for index, character in enumerate(sql) if character == "\n"]
        marks = (index for index, token in enumerate(tokens) if token.token_type == TokenType.PLACEHOLDER)
        self._parameters = {index: number for number, index in enumerate(marks)}
        self._at = 0

    # Words
    def _word(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else ""

    def _take(self, *words: str) -> bool:
        """Whether these words are next; they are taken then."""
        if all(self._word(ahead) == word for ahead, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def _need(self, *words: str) -> None:
        for word in words:
            if not self._take(word):
                raise self._unexpected(word)

    def _unexpected(self, wanted: str = "") -> SqlError:
        ended = self._at >= len(self._tokens)
        token = self._tokens[-1 if ended else self._at]
        place = self._place(token.end + 1, token.end + 1) if ended else self._place(token.start, token.end)
        what = "end of script" if ended else described(self._text(token))
        said = f"Expected {_keyword(wanted)} but got {what}" if wanted else f"Unexpected {what}"
        return SqlError(f"Syntax error: {said} at {place}")

    def _text(self, token: Token) -> str:
        return self._sql[token.start : token.end + 1]

    def _name(self) -> str:
        if self._at >= len(self._tokens):
            raise self._unexpected("identifier")
        token = self._tokens[self._at]
        if not (token.token_type == TokenType.IDENTIFIER or self._word().isidentifier()):
            raise self._unexpected("identifier")
        self._at += 1
        return str(token.text)

    def _literal(self) -> str:
        """The text of a string literal."""
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        if token is None or not token.token_type.name.endswith("STRING"):
            raise self._unexpected("string literal")
        self._at += 1
        return str(token.text)

    def _variable(self) -> str:
        """The name of a variable, @@ and dots included for one of the system."""
        if not self._take("@", "@"):
            return self._name()
        name = "@@" + self._name()
        while self._take("."):
            name += "." + self._name()
        return name

    def _variables(self) -> tuple[str, ...]:
        return self._listed(self._variable)

    def _listed(self, item: Callable[[], Any]) -> tuple[Any, ...]:
        items = [item()]
        while self._take(","):
            items.append(item())
        return tuple(items)

    # Pieces of text
    def _place(self, start: int, end: int) -> Place:
        return Place(*self._position(start), *self._position(end))

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_left(self._lines, offset)
        return line + 1, offset - (self._lines[line - 1] if line else -1)

    def _fragment(self, first: int, end: int | None = None) -> Fragment:
        """The text from one token up to another."""
        last = (self._at if end is None else end) - 1
        if last < first:
            raise self._unexpected("expression")
        start, stop = self._tokens[first].start, self._tokens[last].end
        parameters = tuple(n for index, n in self._parameters.items() if first <= index <= last)
        return Fragment(self._sql[start : stop + 1], self._place(start, stop), parameters)

    def _expression(self, *stops: str) -> Fragment:
        """The text up to one of these words outside parentheses and CASE; it is not taken."""
        first, brackets, cases = self._at, 0, 0
        while self._at < len(self._tokens):
            word = self._word()
            if word == ";" or (not brackets and not cases and word in stops):
                break
            brackets += (word in OPENING) - (word in CLOSING)
            cases += (word == "CASE") - (word == "END")
            if brackets < 0 or cases < 0:
                break
            self._at += 1
        return self._fragment(first)

    def _to_end(self) -> Fragment:
        """The text up to the end of the statement."""
        return self._expression()


def word_of(token: Token) -> str:
    """A token as the grammar compares it; names in backquotes and literals are nobody's keyword."""
    if token.token_type in NAMES or token.token_type.name.endswith("STRING"):
        return ""
    return " ".join(str(token.text).upper().split())


def _keyword(word: str) -> str:
    return f"keyword {word}" if word.isupper() else word if word.isidentifier() else f'"{word}"'
