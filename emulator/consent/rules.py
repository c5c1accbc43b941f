"""Authorization rules: the part of the Common Expression Language that consent policies take, compiled to functions.

A rule compares request attributes with texts, by == != < <= > >= and in, joined by at most ten && and || (Cloud
Healthcare: consentStores.consents, policies.authorizationRule). It has no negation, functions or numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

from emulator.consent import words
from emulator.consent.errors import InvalidRule
from emulator.consent.words import Word

MOST_LOGICAL = 10
LONGEST = 10_000
"""Characters of a rule. Google names no limit."""
DEEPEST = 50
"""Parentheses inside each other. Google names no limit."""
RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"),
        *("namespace", "null", "package", "return", "true", "var", "void", "while"),
    )
)
"""Names that no attribute can have (CEL: language definition, RESERVED, and its literals)."""
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_MEMBER = "in"

Request = Mapping[str, str]
Verdict = bool | None
"""None: it can't be told, since the request lacks an attribute that it depends on."""
Test = Callable[[Request], Verdict]
_Value = Callable[[Request], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, ready to be asked.

    attributes  the request attributes that it names
    holds       request attributes by id -> whether it holds; None where that can't be told without one that is absent
    """

    attributes: frozenset[str]
    holds: Test


@lru_cache(maxsize=4096)
def read(text: str) -> Rule:
    """Compile a rule. Raises InvalidRule."""
    if len(text) > LONGEST:
        raise InvalidRule(f"it has {len(text)} characters; at most {LONGEST} are allowed")
    reader = _Reader(words.split(text))
    if sum(word.kind == "sign" and word.said in ("&&", "||") for word in reader.words) > MOST_LOGICAL:
        raise InvalidRule(f"it has more than {MOST_LOGICAL} logical operators (&& and ||)")
    holds = reader.disjunction()
    if reader.at < len(reader.words):
        raise InvalidRule(f"{reader.words[reader.at].shown} is not expected there")
    return Rule(frozenset(reader.attributes), holds)


class _Reader:
    """Reads words from left to right; && binds tighter than ||."""

    def __init__(self, found: list[Word]) -> None:
        self.words = found
        self.at = 0
        self.depth = 0
        self.attributes: set[str] = set()

    def takes(self, sign: str) -> bool:
        """Whether the next word is that sign, which is taken then."""
        if self.at < len(self.words) and self.words[self.at].kind == "sign" and self.words[self.at].said == sign:
            self.at += 1
            return True
        return False

    def next(self, wanted: str) -> Word:
        """The next word; `wanted` says what should be there."""
        if self.at == len(self.words):
            raise InvalidRule(f"it ends where {wanted} should follow")
        self.at += 1
        return self.words[self.at - 1]

    def disjunction(self) -> Test:
        test = self.conjunction()
        while self.takes("||"):
            test = _either(test, self.conjunction())
        return test

    def conjunction(self) -> Test:
        test = self.relation()
        while self.takes("&&"):
            test = _both(test, self.relation())
        return test

    def relation(self) -> Test:
        if self.takes("("):
            return self.group()
        left = self.value()
        operator = self.next("a comparison")
        if operator.kind == "name" and operator.said == _MEMBER:
            return self.membership(left)
        if operator.kind != "sign" or operator.said not in _COMPARISONS:
            known = ", ".join((*_COMPARISONS, _MEMBER))
            raise InvalidRule(f"{operator.shown} is no comparison: these are {known}")
        return _compared(left, _COMPARISONS[operator.said], self.value())

    def group(self) -> Test:
        self.depth += 1
        if self.depth > DEEPEST:
            raise InvalidRule(f"it has more than {DEEPEST} parentheses inside each other")
        test = self.disjunction()
        if not self.takes(")"):
            raise InvalidRule(f"{self.next('a closing parenthesis').shown} stands where a ) should")
        self.depth -= 1
        return test

    def membership(self, left: _Value) -> Test:
        if not self.takes("["):
            raise InvalidRule(f"{self.next('a list').shown} stands where a list of texts should: in ['a', 'b']")
        values: list[_Value] = []
        while not self.takes("]"):
            values.append(self.value())
            if not self.takes(","):
                if not self.takes("]"):
                    raise InvalidRule(f"{self.next('] or ,').shown} stands where a comma or ] should")
                break
        return _member(left, values)

    def value(self) -> _Value:
        word = self.next("an attribute or a text")
        if word.kind == "text":
            return _constant(word.said)
        if word.kind == "sign" or word.said in RESERVED:
            raise InvalidRule(f"{word.shown} is neither a request attribute nor a text")
        self.attributes.add(word.said)
        return _attribute(word.said)


def _constant(text: str) -> _Value:
    return lambda _request: text


def _attribute(name: str) -> _Value:
    return lambda request: request.get(name)


def _compared(left: _Value, compare: Callable[[str, str], bool], right: _Value) -> Test:
    def holds(request: Request) -> Verdict:
        one, other = left(request), right(request)
        return None if one is None or other is None else compare(one, other)

    return holds


def _member(left: _Value, values: list[_Value]) -> Test:
    def holds(request: Request) -> Verdict:
        one, among = left(request), [value(request) for value in values]
        return None if one is None or None in among else one in among

    return holds


def _both(left: Test, right: Test) -> Test:
    """What is false on one side is false, even if the other can't be told (CEL: logical operators)."""

    def holds(request: Request) -> Verdict:
        one = left(request)
        if one is False:
            return False
        other = right(request)
        return other if one else (False if other is False else None)

    return holds


def _either(left: Test, right: Test) -> Test:
    """What is true on one side is true, even if the other can't be told (CEL: logical operators)."""

    def holds(request: Request) -> Verdict:
        one = left(request)
        if one:
            return True
        other = right(request)
        return other if one is False else (other or None)

    return holds
