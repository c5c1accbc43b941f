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
_LONGEST_KEPT = 1000
"""Characters of rules that are kept compiled: anybody may send other ones, again and again."""
DEEPEST = 50
"""Parentheses inside each other. Google names no limit."""
RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"),
        *("namespace", "null", "package", "return", "true", "var", "void", "while"),
    )
)
"""Names that no attribute can have (CEL: language definition, RESERVED, and its literals)."""
_Compare = Callable[[str, str], bool]
_COMPARISONS: dict[str, _Compare] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_MIRRORED: dict[_Compare, _Compare] = {eq: eq, ne: ne, lt: gt, le: ge, gt: lt, ge: le}
"""What holds of two texts in the other order."""
_MEMBER = "in"

Request = Mapping[str, str]
Verdict = bool | None
"""None: it can't be told, since the request lacks an attribute that it depends on."""
Test = Callable[[Request], Verdict]


@dataclass(frozen=True, slots=True)
class _Value:
    """One side of a comparison: an attribute by its id, or a text, for which `attribute` is ""."""

    attribute: str
    text: str = ""

    def of(self, request: Request) -> str | None:
        """What it is in a request; None for an attribute that it lacks."""
        return request.get(self.attribute) if self.attribute else self.text


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, ready to be asked.

    attributes  the request attributes that it names
    holds       request attributes by id -> whether it holds; None where that can't be told without one that is absent
    """

    attributes: frozenset[str]
    holds: Test


def read(text: str) -> Rule:
    """Compile a rule; a short one is kept for the next time. Raises InvalidRule."""
    return _kept(text) if len(text) <= _LONGEST_KEPT else _read(text)


def _read(text: str) -> Rule:
    if len(text) > LONGEST:
        raise InvalidRule(f"it has {len(text)} characters; at most {LONGEST} are allowed")
    reader = _Reader(words.split(text))
    if sum(word.kind == "sign" and word.said in ("&&", "||") for word in reader.words) > MOST_LOGICAL:
        raise InvalidRule(f"it has more than {MOST_LOGICAL} logical operators (&& and ||)")
    holds = reader.disjunction()
    if reader.at < len(reader.words):
        raise InvalidRule(f"{reader.words[reader.at].shown} is not expected there")
    return Rule(frozenset(reader.attributes), holds)


_kept = lru_cache(maxsize=4096)(_read)


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
            return _Value("", word.said)
        if word.kind == "sign" or word.said in RESERVED:
            raise InvalidRule(f"{word.shown} is neither a request attribute nor a text")
        self.attributes.add(word.said)
        return _Value(word.said)


def _compared(left: _Value, compare: _Compare, right: _Value) -> Test:
    if right.attribute and not left.attribute:
        return _compared(right, _MIRRORED[compare], left)
    if left.attribute and not right.attribute:
        return _compared_with_text(left.attribute, compare, right.text)

    def holds(request: Request) -> Verdict:
        one, other = left.of(request), right.of(request)
        return None if one is None or other is None else compare(one, other)

    return holds


def _compared_with_text(attribute: str, compare: _Compare, text: str) -> Test:
    """The usual comparison, in as few steps as there can be."""

    def equals(request: Request) -> Verdict:
        value = request.get(attribute)
        return None if value is None else value == text

    def holds(request: Request) -> Verdict:
        value = request.get(attribute)
        return None if value is None else compare(value, text)

    return equals if compare is eq else holds


def _member(left: _Value, values: list[_Value]) -> Test:
    if left.attribute and not any(value.attribute for value in values):
        return _member_of_texts(left.attribute, frozenset(value.text for value in values))

    def holds(request: Request) -> Verdict:
        one, among = left.of(request), [value.of(request) for value in values]
        return None if one is None or None in among else one in among

    return holds


def _member_of_texts(attribute: str, texts: frozenset[str]) -> Test:
    """The usual membership, as above."""

    def holds(request: Request) -> Verdict:
        value = request.get(attribute)
        return None if value is None else value in texts

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
