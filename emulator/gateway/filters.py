"""List filters: the subset of AIP-160 that list methods take (field paths, comparisons, AND, OR, NOT, parentheses)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.gateway.errors import ApiError, invalid_argument

Predicate = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(
    r'\s*(?:(?P<op><=|>=|!=|=~|!~|=|<|>|:)|(?P<paren>[()])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()"=<>!:]+))'
)


def compile_filter(text: str) -> Predicate:
    """A predicate over a resource's JSON. Raises a 400 that quotes what can't be read."""
    parser = _Parser(text)
    predicate = parser.expression()
    if parser.peek() is not None:
        raise parser.error()
    return predicate


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.error()
            kind = str(match.lastgroup)
            self.tokens.append((kind, match[kind]))
            position = match.end()
        self.at = 0

    def error(self) -> ApiError:
        return invalid_argument(f'Invalid filter "{self.text[:200]}".')

    def peek(self) -> tuple[str, str] | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> tuple[str, str]:
        token = self.peek()
        if token is None:
            raise self.error()
        self.at += 1
        return token

    def expression(self) -> Predicate:
        terms = [self.conjunction()]
        while self.peek() == ("word", "OR"):
            self.take()
            terms.append(self.conjunction())
        return terms[0] if len(terms) == 1 else lambda value: any(term(value) for term in terms)

    def conjunction(self) -> Predicate:
        terms = [self.term()]
        while (token := self.peek()) is not None and token not in (("word", "OR"), ("paren", ")")):
            if token == ("word", "AND"):
                self.take()
            terms.append(self.term())
        return terms[0] if len(terms) == 1 else lambda value: all(term(value) for term in terms)

    def term(self) -> Predicate:
        kind, text = self.take()
        if (kind, text) == ("word", "NOT") or (kind == "word" and text == "-"):
            inner = self.term()
            return lambda value: not inner(value)
        if (kind, text) == ("paren", "("):
            inner = self.expression()
            if self.take() != ("paren", ")"):
                raise self.error()
            return inner
        if kind not in ("word", "quoted"):
            raise self.error()
        if (kind, text) == ("word", "hasPrefix") and self.peek() == ("paren", "("):
            return self.prefix()
        following = self.peek()
        if following is None or following[0] != "op":
            return lambda value: text.lower() in str(value).lower()
        _, operator = self.take()
        value_kind, wanted = self.take()
        if value_kind not in ("word", "quoted"):
            raise self.error()
        wanted = re.sub(r"\\(.)", r"\1", wanted) if value_kind == "quoted" else wanted
        return _comparison(text, operator, wanted)

    def prefix(self) -> Predicate:
        """hasPrefix(attributes.name, "start"), as Pub/Sub's filters have it."""
        self.take()
        steps = self.take()[1].rstrip(",").split(".")
        kind, start = self.take()
        if kind != "quoted" or self.take() != ("paren", ")"):
            raise self.error()
        return lambda value: str(_lookup(value, steps) or "").startswith(start)


def _lookup(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _comparison(path: str, operator: str, wanted: str) -> Predicate:
    steps = path.split(".")

    def holds(value: dict[str, Any]) -> bool:
        found = _lookup(value, steps)
        if operator == ":":
            if wanted == "*":
                return found is not None
            if isinstance(found, (dict, list)):
                return wanted in found
            return found is not None and wanted.lower() in str(found).lower()
        if operator == "!=":
            return not _equal(found, wanted)
        if found is None:
            return False
        if operator == "=":
            return _equal(found, wanted)
        if operator in ("=~", "!~"):
            return (re.search(wanted, str(found)) is not None) == (operator == "=~")
        return _ordered(found, operator, wanted)

    return holds


def _equal(found: Any, wanted: str) -> bool:
    if isinstance(found, bool):
        return str(found).lower() == wanted.lower()
    return str(found) == wanted


def _ordered(found: Any, operator: str, wanted: str) -> bool:
    left: Any = found
    right: Any = wanted
    try:
        left, right = float(found), float(wanted)
    except (TypeError, ValueError):
        left, right = str(found), wanted
    result: bool = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    return result
