"""Writes data/dicom-2020a.json, what decides over a DICOM attribute: `python -m emulator.deidentify.dicom.extract`.

The tables are those of PS3.15 (E.1-1) and PS3.3 as the package dicom-standard 0.1.0 (MIT, Innolitics) carries them: the
standard as published in April 2020, which is the nearest to the edition 2018e that Cloud Healthcare names.
"""

import json
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "dicom-2020a.json"
PACKAGE = "dicom-standard"

# Columns of Table E.1-1 behind the Basic Profile: the package's key and ours.
OPTIONS = {
    "rtnSafePrivOpt": "safe-private",
    "rtnUIDsOpt": "uids",
    "rtnDevIdOpt": "device",
    "rtnInstIdOpt": "institution",
    "rtnPatCharsOpt": "patient",
    "rtnLongFullDatesOpt": "full-dates",
    "rtnLongModifDatesOpt": "modified-dates",
    "cleanDescOpt": "descriptors",
    "cleanStructContOpt": "structured-content",
    "cleanGraphOpt": "graphics",
}
# The stricter of two types of an attribute in an IOD comes first.
_ORDER = ("1", "1C", "2", "2C", "3")

# Shared and per-frame: in their items stand the attributes of functional group macros (PS3.3 C.7.6.16).
FUNCTIONAL_GROUPS = ["52009229", "52009230"]

Json = dict[str, Any]


def extract() -> Json:
    """The tables: source, profile (tag: code and options), modules (parent: tag: type), IODs, and IODs of SOP classes.

    A parent is the tag of the sequence whose items have the attribute, "" for the dataset itself. Only attributes of
    E.1-1 are in the modules. Types are those of PS3.5 7.4: 1, 1C, 2, 2C, 3.
    """
    profile = _profile()
    modules = _modules("module_to_attributes.json", "moduleId", profile, [""])
    macros = _modules("macro_to_attributes.json", "macroId", profile, FUNCTIONAL_GROUPS)
    macros = {f"macro {key}": found for key, found in macros.items()}  # modules have the same keys
    iods: dict[str, list[str]] = {}
    for row in read("ciod_to_modules.json"):
        if row["moduleId"] in modules:
            iods.setdefault(row["ciodId"], []).append(row["moduleId"])
    for row in read("ciod_to_fg_macros.json"):
        if f"macro {row['macroId']}" in macros:
            iods.setdefault(row["ciodId"], []).append(f"macro {row['macroId']}")
    names = {each["name"]: each["id"] for each in read("ciods.json")}
    return {
        "source": f"{PACKAGE} {distribution(PACKAGE).version}: PS3.3 and PS3.15 as published in April 2020",
        "profile": profile,
        "modules": {**modules, **macros},
        "iods": iods,
        "sop_classes": {each["id"]: names[each["ciod"]] for each in read("sops.json") if each["ciod"] in names},
    }


def read(name: str) -> Any:
    """The JSON file `name` of the installed package."""
    for file in distribution(PACKAGE).files or ():
        if file.name == name:
            return json.loads(Path(str(file.locate())).read_text(encoding="utf-8"))
    raise FileNotFoundError(f"{PACKAGE} has no {name}: install requirements-dev.txt")


def tag_of(row: Json) -> str:
    """The tag of a row of Table E.1-1, x standing for any digit; "private" for the row of private attributes."""
    return "private" if row["id"].startswith("gggg") else row["id"].upper().replace("X", "x")


def _profile() -> Json:
    """Table E.1-1 by tag: the Basic Profile's code, and what each option makes of it."""
    return {
        tag_of(row): [row["basicProfile"], {ours: row[theirs] for theirs, ours in OPTIONS.items() if theirs in row}]
        for row in read("confidentiality_profile_attributes.json")
    }


def _modules(file: str, key: str, profile: Json, roots: list[str]) -> Json:
    """The types of E.1-1's attributes by module and parent, the strictest where a module has one more than once.

    `roots` are the parents of those that stand in no sequence of the module itself.
    """
    found: Json = {}
    for row in read(file):
        _, *parents, tag = row["path"].upper().replace("X", "x").split(":")
        if tag in profile and row["type"] in _ORDER:
            for parent in parents[-1:] or roots:
                below = found.setdefault(row[key], {}).setdefault(parent, {})
                below[tag] = strictest((below.get(tag, "3"), row["type"]))
    return found


def strictest(types: Iterable[str]) -> str:
    """The type that demands most."""
    return min(types, key=_ORDER.index)


def render(tables: Json) -> str:
    """The tables as text: one line for each entry, so that a change is a readable diff."""
    parts = []
    for part, rows in tables.items():
        if isinstance(rows, str):
            parts.append(f"{_line(part)}:{_line(rows)}")
        else:
            lines = ",\n".join(f"{_line(name)}:{_line(row)}" for name, row in sorted(rows.items()))
            parts.append(f"{_line(part)}:{{\n{lines}\n}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    DATA.write_text(render(extract()), encoding="utf-8")
