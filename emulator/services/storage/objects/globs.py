"""matchGlob of objects.list: Cloud Storage's globs as regular expressions.

`*` and `?` stop at `/`, `**` does not, `**/` may be no folder, `[...]` is a class, `{a,b}` are alternatives.
Rules: https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from emulator import patterns
from emulator.services.storage import errors

_SPECIAL = re.compile(r"[*?\[{\\]")


@lru_cache(maxsize=256)
def compile_glob(glob: str) -> Callable[[str], bool]:
    """What tells whether a name matches a glob. Raises 400 for one that is not closed, or can not be read."""
    pieces: list[str] = []
    position, depth, loops = 0, 0, 0
    while position < len(glob):
        character = glob[position]
        if character == "[":
            piece, position = _bracket(glob, position)
            pieces.append(piece)
            continue
        if character == "*":
            piece, position = _stars(glob, position)
            pieces.append(piece)
            loops += 1
            continue
        if character == "{":
            depth += 1
            pieces.append("(?:")
        elif character == "}" and depth:
            depth -= 1
            pieces.append(")")
        elif character == "," and depth:
            pieces.append("|")
        elif character == "?":
            pieces.append("[^/]")
        elif character == "\\" and position + 1 < len(glob):
            position += 1
            pieces.append(re.escape(glob[position]))
        else:
            pieces.append(re.escape(character))
        position += 1
    if depth:
        raise errors.invalid(f"Invalid matchGlob '{glob}': a brace is not closed.")
    try:
        return patterns.whole("".join(pieces), loops)
    except ValueError as problem:
        raise errors.invalid(f"Invalid matchGlob '{glob[:200]}': {problem}.") from None


def _stars(glob: str, start: int) -> tuple[str, int]:
    """The expression of the stars from a place on, and what comes after. Folders may be none: `**/a` finds `a`."""
    end = len(glob) - len(glob[start:].lstrip("*"))
    if end - start == 1:
        return "[^/]*", end
    if glob[end : end + 1] == "/" and (not start or glob[start - 1] in "/{,"):
        return "(?:.*/)?", end + 1
    return ".*", end


def literal_prefix(glob: str) -> str:
    """What every match begins with; a listing need not look elsewhere."""
    special = _SPECIAL.search(glob)
    return glob[: special.start()] if special else glob


def _bracket(glob: str, start: int) -> tuple[str, int]:
    end = glob.find("]", start + 2)
    if end < 0:
        raise errors.invalid(f"Invalid matchGlob '{glob}': a bracket is not closed.")
    inner = glob[start + 1 : end]
    negated = inner[0] in "!^"
    if negated:
        inner = inner[1:]
    inner = (
        inner.replace("\\", "\\\\").replace("[", "\\[").replace("&&", "&\\&").replace("||", "|\\|").replace("^", "\\^")
    )
    return f"[{'^/' if negated else ''}{inner}]", end + 1
