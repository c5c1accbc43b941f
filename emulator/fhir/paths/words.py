"""The words of an expression: names, texts, numbers and signs."""

import re
from dataclasses import dataclass

from emulator.fhir.paths.errors import PathError

_WORD = re.compile(
    r"\s*(?:(?P<name>`[^`]+`|%?\$?[A-Za-z_][A-Za-z0-9_]*)|(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<sign>!=|!~|<=|>=|[().\[\],|=<>~&+]))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
LONGEST = 4000  # characters of an expression


@dataclass(frozen=True)
class Word:
    """A word: its kind (name, text, number, sign, end), what it stands for, and where it begins."""

    kind: str
    value: str
    at: int


def words(expression: str) -> list[Word]:
    """The words of an expression, and one of kind "end". PathError for a sign that is none of FHIRPath's here."""
    if len(expression) > LONGEST:
        raise PathError(f"An expression of {len(expression)} characters is too long; at most {LONGEST} are read.")
    found, at = [], 0
    text = expression.rstrip()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise PathError(f'The expression "{expression}" cannot be read at character {at + 1}.')
        kind = str(match.lastgroup)
        found.append(Word(kind, _meant(kind, match[kind]), match.start(kind)))
        at = match.end()
    return [*found, Word("end", "", len(expression))]


def _meant(kind: str, written: str) -> str:
    if kind == "text":
        return _ESCAPE.sub(_letter, written[1:-1])
    return written.strip("`") if kind == "name" else written


def _letter(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _LETTERS.get(code, code)
