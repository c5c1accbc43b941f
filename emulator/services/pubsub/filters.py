"""Filters of subscriptions (Pub/Sub: filter messages from a subscription).

    attributes:KEY    attributes.KEY = "VALUE"    attributes.KEY != "VALUE"    hasPrefix(attributes.KEY, "START")

with NOT (or -), AND, OR and parentheses. AND and OR side by side need parentheses, and operators are upper-case.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping

from emulator.errors import ApiError, invalid_argument

Predicate = Callable[[Mapping[str, str]], bool]
LIMIT = 256  # bytes; Pub/Sub: filter messages from a subscription
_TOKEN = re.compile(
    r'\s*(?:(?P<op>!=|=|:|\.|,|-(?=\s*[(a-zA-Z]))|(?P<paren>[()])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[\w-]+))'
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{3}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@functools.lru_cache(maxsize=1024)
def compile_filter(text: str) -> Predicate:
    """A predicate over a message's attributes. Raises a 400 that says what can't be read and where."""
    size = len(text.encode())
    if size > LIMIT:
        raise invalid_argument(f"Invalid filter: it has {size} bytes, and at most {LIMIT} are allowed.")
    parser = _Parser(text)
    predicate = parser.expression()
    if parser.peek()[0] != "end":
        raise parser.error("the end, AND or OR")
    return predicate


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                start = position + len(text[position:]) - len(text[position:].lstrip())
                raise invalid_argument(f'Invalid filter "{text}": "{text[start]}" at {start} can\'t be read.')
            kind = str(match.lastgroup)
            self.tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
        self.tokens.append(("end", "the end", end))
        self.at = 0

    def error(self, wanted: str) -> ApiError:
        _, found, position = self.tokens[self.at]
        return invalid_argument(f'Invalid filter "{self.text}": {wanted} expected at {position}, found {found}.')

    def peek(self) -> tuple[str, str]:
        kind, text, _ = self.tokens[self.at]
        return kind, text

    def accept(self, kind: str, text: str) -> bool:
        """Pass over that token, if it is next."""
        if self.peek() != (kind, text):
            return False
        self.at += 1
        return True

    def require(self, kind: str, text: str) -> None:
        if not self.accept(kind, text):
            raise self.error(text)

    def expression(self) -> Predicate:
        """Terms joined by AND, or by OR."""
        terms = [self.term()]
        joined = self.peek()[1] if self.peek() in (("word", "AND"), ("word", "OR")) else ""
        while joined and self.accept("word", joined):
            terms.append(self.term())
        if joined and self.peek() in (("word", "AND"), ("word", "OR")):
            raise self.error(f"{joined} (AND and OR are mixed only with parentheses)")
        if len(terms) == 1:
            return terms[0]
        if joined == "AND":
            return lambda attributes: all(term(attributes) for term in terms)
        return lambda attributes: any(term(attributes) for term in terms)

    def term(self) -> Predicate:
        if self.accept("word", "NOT") or self.accept("op", "-"):
            inner = self.factor()
            return lambda attributes: not inner(attributes)
        return self.factor()

    def factor(self) -> Predicate:
        if self.accept("paren", "("):
            inner = self.expression()
            self.require("paren", ")")
            return inner
        if self.accept("word", "hasPrefix"):
            self.require("paren", "(")
            self.require("word", "attributes")
            self.require("op", ".")
            key = self.key()
            self.require("op", ",")
            start = self.string()
            self.require("paren", ")")
            return lambda attributes: key in attributes and attributes[key].startswith(start)
        self.require("word", "attributes")
        if self.accept("op", ":"):
            key = self.key()
            return lambda attributes: key in attributes
        if not self.accept("op", "."):
            raise self.error("a colon or a dot")
        key = self.key()
        if self.accept("op", "="):
            wanted = self.string()
            return lambda attributes: attributes.get(key) == wanted
        if self.accept("op", "!="):
            unwanted = self.string()
            return lambda attributes: attributes.get(key) != unwanted
        raise self.error("= or !=")

    def key(self) -> str:
        """An attribute's key: a word, or in double quotes where it has other characters."""
        kind, text = self.peek()
        if kind == "word":
            self.at += 1
            return text
        return self.string()

    def string(self) -> str:
        kind, text = self.peek()
        if kind != "text":
            raise self.error("a string in double quotes")
        self.at += 1
        return _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "ux" and len(code) > 1:
        return chr(int(code[1:], 16))
    if len(code) == 3:
        return chr(int(code, 8))
    return _LETTERS.get(code, code)
