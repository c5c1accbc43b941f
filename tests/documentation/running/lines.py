"""The blocks of a page as the lines that a shell runs one after the other."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.layout import ROOT
from tests.documentation.blocks import BLOCK, COMMENT, HERE

_BEGINS_HERE = re.compile(r"<<'?(\w+)'?")


@dataclass(frozen=True)
class Line:
    """A command with all that belongs to it: continued lines, a quoted text, a document that follows."""

    page: str
    number: int
    text: str

    def __str__(self) -> str:
        """Where it is, and how it begins."""
        return f"{self.page}:{self.number}: {self.text.splitlines()[0]}"


def lines(page: Path) -> Iterator[Line]:
    """All that the blocks of a page say, in order; without empty lines and those that are a comment alone."""
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    for found in BLOCK.finditer(text):
        first = text.count("\n", 0, found.start()) + 2
        gathered: list[str] = []
        for number, line in enumerate(found[2].splitlines(), first):
            gathered.append(line.removeprefix(found[1]))
            said = "\n".join(gathered)
            if not _ends(said):
                continue
            gathered.clear()
            if COMMENT.sub("", said).strip():
                yield Line(name, number - said.count("\n"), said)
        assert not gathered, f"{name}:{first} begins something that its block does not end."


def _ends(said: str) -> bool:
    """Whether a shell would run what was said so far, and not ask for more."""
    begun = _BEGINS_HERE.search(said)
    if begun:
        return bool(HERE.search(said))
    plain = COMMENT.sub("", said)
    try:
        shlex.split(plain)
    except ValueError:
        return False
    return not plain.rstrip().endswith(("\\", "|", "&&"))
