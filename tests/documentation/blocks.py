"""The shell's lines in the pages: blocks of `sh`, taken apart into the words of single commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.layout import ROOT

PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "examples/*/README.md",
        "airflow_provider/README.md",
        "benchmarks/README.md",
    )
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)
BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HERE = re.compile(r"<<'?(\w+)'?.*?^\1$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(?<!\S)#.*$", re.MULTILINE)
_SUBSTITUTED = re.compile(r"\$\(([^()]*)\)")
_BETWEEN = "();<>|&\n"
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One command of a page: its words, as the shell reads them, variables not replaced."""

    page: Path
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        """Where it is, and what it says."""
        return f"{self.page.relative_to(ROOT)}:{self.line}: {' '.join(self.words)}"


def commands() -> Iterator[Command]:
    """Every command of every page, substituted ones (`$(...)`) and those of pipes on their own."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 2
            yield from _of_block(page, line, found[2])


def _of_block(page: Path, first: int, block: str) -> Iterator[Command]:
    block = HERE.sub(lambda here: "\n" * here[0].count("\n"), block).replace("\\\n", "  ")
    block = COMMENT.sub("", block)
    for inner in _SUBSTITUTED.finditer(block):
        yield from _of_block(page, first + block.count("\n", 0, inner.start()), inner[1])
    block = _SUBSTITUTED.sub("X", block)
    lexer = shlex.shlex(block, posix=True, punctuation_chars=_BETWEEN)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    line = first
    for word in (*lexer, "\n"):
        if not set(word) <= set(_BETWEEN):
            words.append(word)
            continue
        while words and _ASSIGNMENT.fullmatch(words[0]):
            del words[0]
        if words:
            yield Command(page, line, tuple(words))
        words = []
        line = first + lexer.lineno - 1
