"""List filters: the subset of AIP-160 that list methods take (field paths, comparisons, AND, OR, NOT, parentheses).

OR binds tighter than AND, as in AIP-160 and in the Logging query language: `a OR b AND c` is `(a OR b) AND c`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from emulator.errors import ApiError, invalid_argument
from emulator.patterns import Pattern

LONGEST = 20_000  # characters (Logging: "Quotas and limits", for its queries and sinks; other services name none)
T = TypeVar("T")
Predicate = Callable[[dict[str, Any]], bool]
Compare = Callable[[str, str, str], T]
_TOKEN = re.compile(
    r"\s*(?:(?P<op><=|>=|!=|=~|!~|=|<|>|:)|(?P<paren>[()])"
    r"""|"(?P<quoted>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r'|(?P<word>\d{4}-\d\d-\d\dT\d\d:[^\s()"=<>!]+|[^\s()"=<>!:]+))'
)
"""Parts of a filter. A word is also a time, colons and all: Apache Beam's client quotes none."""


class FunctionPath(str):
    """A function in the place of a path, in JSON: `["cast","a.b","INT64"]`."""

    __slots__ = ()


@dataclass(frozen=True)
class Algebra(Generic[T]):
    """How conditions of a service's own kind are joined."""

    all_of: Callable[[Sequence[T]], T]
    any_of: Callable[[Sequence[T]], T]
    negated: Callable[[T], T]


_PREDICATES: Algebra[Predicate] = Algebra(
    lambda terms: lambda value: all(term(value) for term in terms),
    lambda terms: lambda value: any(term(value) for term in terms),
    lambda term: lambda value: not term(value),
)


def compile_filter(
    text: str,
    compare: Compare[Predicate] | None = None,
    functions: tuple[str, ...] = (),
    nested: tuple[str, ...] = (),
) -> Predicate:
    """A predicate over a resource's JSON. Raises a 400 that quotes what can't be read.

    compare (field path, operator, value) makes the predicate of one comparison, for services whose values compare in
    their own way; the operator of a bare word is "" and its path too. functions are names that may stand with one text
    in the place of a path (AIP-160: functions): `tag("x") = y` is of the path `tag(x)`. nested are names, in lower
    case, that do so in any case, with any arguments: `CAST(f(a.b, "x"), INT64) > 1` is of the FunctionPath
    `["cast",["f","a.b","x"],"INT64"]`, in JSON; without a comparison the operator is "".
    """
    return read(text, _PREDICATES, compare or _comparison, functions, nested=nested)


def read(
    text: str,
    algebra: Algebra[T],
    compare: Compare[T],
    functions: tuple[str, ...] = (),
    calls: Mapping[str, Callable[[Sequence[str]], T]] | None = None,
    nested: tuple[str, ...] = (),
) -> T:
    """The same for conditions of any kind.

    A part of a path may be quoted: `labels."a b" = c` is of the path `labels.a b`. calls are functions that are
    conditions by themselves, of the texts that they are given: `PatientId("1", "MRN")`.
    """
    if len(text) > LONGEST:
        raise invalid_argument(f"The filter has {len(text)} characters; at most {LONGEST} are allowed.")
    parser = _Parser(text, algebra, compare, functions, calls or {}, nested)
    condition = parser.expression(parser.term)
    if parser.peek() is not None:
        raise parser.error()
    return condition


class _Parser(Generic[T]):
    def __init__(
        self,
        text: str,
        algebra: Algebra[T],
        compare: Compare[T],
        functions: tuple[str, ...],
        calls: Mapping[str, Callable[[Sequence[str]], T]],
        nested: tuple[str, ...],
    ) -> None:
        self.text = text
        self.algebra = algebra
        self.compare = compare
        self.functions = functions
        self.calls = calls
        self.nested = nested
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.error()
            kind = str(match.lastgroup)
            self.tokens.append(("quoted" if kind == "single" else kind, match[kind]))
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

    def expression(self, operand: Callable[[], T]) -> T:
        """Operands joined by AND, written or not."""
        terms = [self.disjunction(operand)]
        while (token := self.peek()) is not None and token != ("paren", ")"):
            if token == ("word", "AND"):
                self.take()
            terms.append(self.disjunction(operand))
        return terms[0] if len(terms) == 1 else self.algebra.all_of(terms)

    def disjunction(self, operand: Callable[[], T]) -> T:
        terms = [self.negation(operand)]
        while self.peek() == ("word", "OR"):
            self.take()
            terms.append(self.negation(operand))
        return terms[0] if len(terms) == 1 else self.algebra.any_of(terms)

    def negation(self, operand: Callable[[], T]) -> T:
        token = self.peek()
        if token in (("word", "NOT"), ("word", "-")):
            self.take()
            return self.algebra.negated(self.negation(operand))
        if token == ("paren", "("):
            self.take()
            inner = self.expression(operand)
            if self.take() != ("paren", ")"):
                raise self.error()
            return inner
        return operand()

    def term(self) -> T:
        """A comparison, a comparison with a group of values (`state=(A OR B)`), or a bare word."""
        kind, text = self.take()
        if kind not in ("word", "quoted"):
            raise self.error()
        if kind == "word" and text.startswith("-") and len(text) > 1:
            self.tokens[self.at - 1] = (kind, text[1:])
            self.at -= 1
            return self.algebra.negated(self.term())
        if kind == "word" and self.peek() == ("paren", "("):
            if text in self.calls:
                return self.calls[text](self.arguments())
            if text in self.functions:
                text = self.call(text)
            elif text.lower() in self.nested:
                return self.of_function(text)
        elif kind == "word" and text.endswith(".") and (self.peek() or ("", ""))[0] == "quoted":
            text += self.quoted_part()
        following = self.peek()
        if following is None or following[0] != "op":
            return self.compare("", "", _unescaped(kind, text))
        _, operator = self.take()
        if self.peek() == ("paren", "("):
            return self.negation(lambda: self.comparison(text, operator))
        return self.comparison(text, operator)

    def of_function(self, name: str) -> T:
        """A function with its arguments, and what it is compared with, if anything."""
        self.split_commas()
        path = FunctionPath(json.dumps(self.tree(name)))
        if (self.peek() or ("", ""))[0] != "op":
            return self.compare(path, "", "")
        _, operator = self.take()
        return self.comparison(path, operator)

    def split_commas(self) -> None:
        """Let commas be words of their own up to the end of the parentheses that begin here."""
        end, depth = self.at, 0
        while end < len(self.tokens):
            depth += {("paren", "("): 1, ("paren", ")"): -1}.get(self.tokens[end], 0)
            end += 1
            if not depth:
                break
        inside = [part for kind, text in self.tokens[self.at : end] for part in _split(kind, text)]
        self.tokens[self.at : end] = inside

    def tree(self, name: str) -> list[Any]:
        """A function's name in lower case, then its arguments: texts, and functions as such lists."""
        self.take()
        found: list[Any] = [name.lower()]
        while True:
            found.append(self.argument())
            token = self.take()
            if token == ("paren", ")"):
                return found
            if token != ("word", ","):
                raise self.error()

    def argument(self) -> Any:
        """An argument: a text, a field's path, or a function."""
        kind, text = self.take()
        if kind not in ("word", "quoted") or (kind, text) == ("word", ","):
            raise self.error()
        if kind == "word" and self.peek() == ("paren", "("):
            return self.tree(text)
        if kind == "word" and text.endswith(".") and (self.peek() or ("", ""))[0] == "quoted":
            return text + self.quoted_part()
        return _unescaped(kind, text)

    def call(self, name: str) -> str:
        """A function with its argument, as the path of a comparison."""
        arguments = self.arguments()
        if len(arguments) != 1:
            raise self.error()
        return f"{name}({arguments[0]})"

    def arguments(self) -> list[str]:
        """The texts that a function is given, in parentheses."""
        self.take()
        found = [self.quoted_part()]
        while (token := self.take()) == ("word", ","):
            found.append(self.quoted_part())
        if token != ("paren", ")"):
            raise self.error()
        return found

    def quoted_part(self) -> str:
        """A text that must be quoted."""
        kind, text = self.take()
        if kind != "quoted":
            raise self.error()
        return _unescaped(kind, text)

    def comparison(self, path: str, operator: str) -> T:
        kind, wanted = self.take()
        if kind not in ("word", "quoted"):
            raise self.error()
        return self.compare(path, operator, _unescaped(kind, wanted))


def _split(kind: str, text: str) -> list[tuple[str, str]]:
    """A token with the commas of a word as words of their own."""
    return [(kind, part) for part in re.split("(,)", text) if part] if kind == "word" else [(kind, text)]


def _unescaped(kind: str, text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text) if kind == "quoted" else text


def regex(text: str) -> Pattern:
    """The regular expression of a filter; a 400 for one that does not compile."""
    try:
        return Pattern(text)
    except ValueError as error:
        raise invalid_argument(f'Invalid filter: "{text[:100]}" is not a regular expression ({error}).') from None


def _lookup(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _comparison(path: str, operator: str, wanted: str) -> Predicate:
    if not operator:
        return lambda value: wanted.lower() in str(value).lower()
    steps = path.split(".")
    pattern = regex(wanted) if operator in ("=~", "!~") else None

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
        if pattern is not None:
            return pattern.found_in(str(found)) == (operator == "=~")
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
