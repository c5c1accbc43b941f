"""CREATE and DROP of functions, table functions and procedures, read from their words.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
"""

from __future__ import annotations

import re

from emulator.services.bigquery.sql.arguments import Argument
from emulator.services.bigquery.sql.cursor import tokenized, word_of
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.plans import RoutineStatement

START = re.compile(
    r"(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*(?:CREATE\s+(?:OR\s+REPLACE\s+)?|DROP\s+)"
    r"(?:(?:TABLE|AGGREGATE)\s+)?(?:FUNCTION|PROCEDURE)\b",
    re.IGNORECASE | re.DOTALL,
)
MODES = ("IN", "OUT", "INOUT")
CLAUSES = ("RETURNS", "LANGUAGE", "OPTIONS", "AS", "DETERMINISTIC", "NOT", "REMOTE", "WITH", "BEGIN", "")


def read(sql: str) -> RoutineStatement | None:
    """What a statement that makes or drops a routine says; None for others. Raises SqlError."""
    return _Reader(sql).statement() if START.match(sql) else None


class WordReader:
    """Reads the words of one statement from left to right. Raises SqlError where a literal has no end."""

    def __init__(self, sql: str) -> None:
        tokens = tokenized(sql)
        self._sql = sql
        self._tokens = [token for token in tokens if token.text != ";" or token is not tokens[-1]]
        self._words = [word_of(token) for token in self._tokens]
        self._at = 0

    def _word(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def take(self, *words: str) -> bool:
        """Whether these words are next; they are taken then."""
        if tuple(self._words[self._at : self._at + len(words)]) == words:
            self._at += len(words)
            return True
        return False

    def need(self, word: str) -> None:
        """Take a word. Raises SqlError where it is not next."""
        if not self.take(word):
            found = self._tokens[self._at].text if self._at < len(self._tokens) else "end of statement"
            raise SqlError(f"Syntax error: Expected {word} but got {found}")

    def until(self, *stops: str) -> str:
        """The text up to one of these words outside brackets; a word that closes what is open outside ends it, too."""
        first, depth = self._at, 0
        while self._at < len(self._tokens):
            word = self._word()
            if not depth and (word in stops or word == ")"):
                break
            depth += word in ("(", "[", "<")
            depth -= (word in (")", "]", ">")) + 2 * (word == ">>")
            self._at += 1
        return self._text(first, self._at)

    def _text(self, first: int, end: int) -> str:
        return self._sql[self._tokens[first].start : self._tokens[end - 1].end + 1] if end > first else ""

    def bracketed(self) -> str:
        """What stands between the next parentheses."""
        self.need("(")
        text = self.until()
        self.need(")")
        return text


class _Reader(WordReader):
    """Reads a statement that makes or drops a routine."""

    def statement(self) -> RoutineStatement:
        """The whole statement."""
        action = "CREATE" if self.take("CREATE") else "DROP"
        self.take("DROP")
        replace = self.take("OR", "REPLACE")
        if self.take("AGGREGATE"):
            raise SqlError(f"{action} AGGREGATE FUNCTION is not emulated.")
        kind = "TABLE FUNCTION" if self.take("TABLE", "FUNCTION") else self._word()
        self._at += kind != "TABLE FUNCTION"
        tolerant = self.take("IF", "NOT", "EXISTS") or self.take("IF", "EXISTS")
        first = self._at
        while self._at < len(self._tokens) and self._word() != "(":
            self._at += 1
        path = self._text(first, self._at)
        if action == "DROP":
            return RoutineStatement(action, kind, path, tolerant=tolerant)
        arguments = self._arguments()
        clauses = self._clauses(kind)
        return RoutineStatement(action, kind, path, replace, tolerant, arguments, **clauses)

    def _arguments(self) -> tuple[Argument, ...]:
        self.need("(")
        arguments: list[Argument] = []
        while not self.take(")"):
            mode = "IN"
            if self._word() in MODES and self._words[self._at + 1] not in (",", ")"):
                mode = self._word()
                self._at += 1
            name = str(self._tokens[self._at].text)
            self._at += 1
            kind = self.until(",")
            if " ".join(kind.upper().split()) == "ANY TABLE":
                raise SqlError("Arguments of type ANY TABLE are not emulated.")
            arguments.append(Argument(name, "" if " ".join(kind.upper().split()) == "ANY TYPE" else kind, mode))
            self.take(",")
            if self._at >= len(self._tokens):
                raise SqlError("Syntax error: Unexpected end of statement in the list of arguments")
        return tuple(arguments)

    def _clauses(self, kind: str) -> dict[str, str]:
        made: dict[str, str] = {}
        while self._at < len(self._tokens):
            if self.take("RETURNS"):
                made["returns"] = self.until(*CLAUSES)
            elif self.take("LANGUAGE"):
                made["language"] = self._tokens[self._at].text.upper()
                self._at += 1
            elif self.take("OPTIONS"):
                description = re.search(r"description\s*=\s*(['\"])(.*?)\1", self.bracketed(), re.DOTALL)
                made["description"] = description[2] if description else ""
            elif kind == "PROCEDURE" and self._word() == "BEGIN":
                made["body"] = self._text(self._at, len(self._tokens))
                break
            elif self.take("AS"):
                made["body"] = self.bracketed() if kind == "FUNCTION" and self._word() == "(" else self._rest()
            elif self.take("REMOTE") or self._word() in ("WITH",):
                raise SqlError("Remote functions and procedures with connections are not emulated.")
            else:
                self._at += 1  # DETERMINISTIC, NOT DETERMINISTIC
        return made

    def _rest(self) -> str:
        text = self._text(self._at, len(self._tokens))
        self._at = len(self._tokens)
        return text
