"""The words of an authorization rule: names, texts in quotation marks and signs (CEL: language definition, syntax)."""

import re
from dataclasses import dataclass

from emulator.consent.errors import InvalidRule

_SPACE = re.compile(r"(?:[\t\n\f\r ]|//[^\n]*)*")
_WORD = re.compile(
    r"(?P<name>[_a-zA-Z][_a-zA-Z0-9]*+)(?![\"'])"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[<>()\[\],])"
    r"|(?P<mark>[\"'])(?P<text>(?:(?!(?P=mark))[^\\\n\r]|\\.)*)(?P=mark)",
    re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<sign>[abfnrtv\\?\"'`])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<wrong>.?))",
    re.DOTALL,
)
_SIGNS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its kind ("name", "sign" or "text") and what it says; at is where it begins, from 1."""

    kind: str
    said: str
    at: int

    @property
    def shown(self) -> str:
        """How a sentence about it quotes it."""
        return f"the text at character {self.at}" if self.kind == "text" else f'"{self.said}" at character {self.at}'


def split(rule: str) -> list[Word]:
    """The words of a rule. Raises InvalidRule, which names the first character that begins none."""
    found: list[Word] = []
    at = _after_space(rule, 0)
    while at < len(rule):
        word = _WORD.match(rule, at)
        if word is None:
            raise InvalidRule(f"{rule[at]!r} at character {at + 1} cannot be read: {_hint(rule[at])}")
        found.append(_word(word))
        at = _after_space(rule, word.end())
    return found


def _after_space(rule: str, at: int) -> int:
    space = _SPACE.match(rule, at)
    return at if space is None else space.end()


def _word(found: re.Match[str]) -> Word:
    at = found.start() + 1
    if found["mark"] is None:
        return Word(found.lastgroup or "", found[0], at)
    return Word("text", _ESCAPE.sub(_unescaped, found["text"]), at)


def _unescaped(escape: re.Match[str]) -> str:
    if escape["sign"]:
        return _SIGNS.get(escape["sign"], escape["sign"])
    if escape["octal"]:
        return chr(int(escape["octal"], 8))
    code = int(escape["x"] or escape["u"] or escape["U"] or "110000", 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise InvalidRule(f"{escape[0]} is no escape of a character")
    return chr(code)


def _hint(character: str) -> str:
    if character == "!":
        return "rules have no negation; say != or list what is allowed with in"
    if character in "\"'":
        return "the text that begins there has no end"
    return "a rule compares request attributes with texts, joined by && and ||"
