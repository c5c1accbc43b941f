"""A page's lines, run one after the other in one shell."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping

from engine.layout import ROOT
from tests.documentation.blocks import COMMENT
from tests.documentation.running.arrangement import Arrangement
from tests.documentation.running.clone import EMULATOR, Clone
from tests.documentation.running.lines import Line, lines

_STRICT = "set -euo pipefail\n"
_GOOGLES = frozenset(("gcloud", "gsutil"))
_SAID = "@@ stands for"


def run_page(clone: Clone, page: str, arrangement: Arrangement) -> str:
    """Run a page in a renewed clone; gives "" or what went wrong, with the last that was said.

    Its emulator ends with it: another clone's has the same port.
    """
    clone.renew()
    stack = not arrangement.alone
    words = _prepared(clone, arrangement)
    script = [EMULATOR, arrangement.first, _STRICT, "trap 'echo \"@@ $at ended with $?\"' ERR\n"]
    missing = missing_programs(page, arrangement)
    script += (_of(line, arrangement, words) for line in run_lines(page, arrangement) if not begins(line, missing))
    done = clone.run("".join([*script, 'at="what was to stay on"\nstay_on\n']), stack=stack)
    if arrangement.after:
        clone.run(arrangement.after, stack=stack)
    clone.stop()
    return "" if done.code == 0 else f"{page} ended with {done.code}: {done.said[-3000:]}"


def run_lines(page: str, arrangement: Arrangement) -> Iterable[Line]:
    """The lines of a page that are to be run."""
    return (line for line in lines(ROOT / page) if not begins(line, arrangement.not_run))


def missing_programs(page: str, arrangement: Arrangement) -> list[str]:
    """The programs of Google's that lines of a page need, and that this machine lacks: such lines are left out."""
    needed = {line.text.split()[0] for line in run_lines(page, arrangement)} & _GOOGLES
    return sorted(program for program in needed if shutil.which(program) is None)


def begins(line: Line, names: Iterable[str]) -> bool:
    """Whether a line has one of the names."""
    return line.text.startswith(tuple(names))


def word_in(word: str) -> re.Pattern[str]:
    """A word where it stands alone, and not in a longer one."""
    return re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")


def _of(line: Line, arrangement: Arrangement, words: Mapping[str, str]) -> str:
    """A line as the script runs it."""
    text = line.text
    for word in sorted(words, key=len, reverse=True):
        text = word_in(word).sub(words[word].replace("\\", r"\\"), text)
    if begins(line, arrangement.fails):
        text = f"in_vain {shlex.quote(text)}"
    for condition in (each for name, each in arrangement.stays.items() if begins(line, [name])):
        alone = COMMENT.sub("", text).rstrip(" &")
        text = f"staying {shlex.quote(alone)} {shlex.quote(condition)}"
    return f'at={shlex.quote(str(line))}; echo "@@ $at"\n{text}\n'


def _prepared(clone: Clone, arrangement: Arrangement) -> dict[str, str]:
    """What each stand-in of a page is, after its beginning is made. AssertionError where that can't be done."""
    if not (arrangement.before or arrangement.stand_ins):
        return {}
    asked = "".join(f'printf "\\n{_SAID} %s\\n" "{text}"\n' for text in arrangement.stand_ins.values())
    done = clone.run(EMULATOR + _STRICT + arrangement.before + "\n" + asked, stack=not arrangement.alone)
    assert done.code == 0, f"What the page takes for granted can't be made: {done.said[-3000:]}"
    found = [line.removeprefix(f"{_SAID} ") for line in done.said.splitlines() if line.startswith(_SAID)]
    assert len(found) == len(arrangement.stand_ins), done.said
    return dict(zip(arrangement.stand_ins, found, strict=True))
