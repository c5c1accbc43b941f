"""Writes standard.json, the standard's tables as packages carry them: `python -m scripts.dicomtags.extract`.

NEMA publishes the tables as a book; three packages of developers (requirements-dev.txt) have read it into data, and
none of them is needed to look something up, nor light enough for that. What is taken from which:

- highdicom (MIT): IODs, their modules, the modules' attributes with types; IODs by SOP class.
- dicom-standard (MIT, Innolitics, of April 2020): names, conditions, meanings; the options of Table E.1-1.
- dicom-anonymizer (BSD-3-Clause, Kitware): the actions of the Basic Profile in Table E.1-1, edition 2026c.

What the standard got after April 2020 therefore has no meaning, condition or option here.
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from emulator.deidentify.dicom.extract import OPTIONS

STANDARD = Path(__file__).with_name("standard.json")

PROFILE_EDITION = "2026c"
SOURCES = [
    {"package": "highdicom", "licence": "MIT", "gives": "IODs, modules, attributes, types", "edition": "not stated"},
    {
        "package": "dicom-standard",
        "licence": "MIT",
        "gives": "names, conditions, meanings, options of PS3.15 Table E.1-1",
        "edition": "as published in April 2020",
    },
    {
        "package": "dicom-anonymizer",
        "licence": "BSD-3-Clause",
        "gives": "Basic Profile of PS3.15 Table E.1-1",
        "edition": PROFILE_EDITION,
    },
]

# Words of module and IOD names that are not written as Capital and small letters.
_SPELLINGS = {
    word.lower(): word
    for word in (
        *("2D", "3D", "CR", "CT", "DX", "ECG", "IVUS", "LUT", "MR", "PET", "RT", "SC", "SOP", "SR", "US", "VL", "VOI"),
        *("XA", "XRF", "X-Ray", "Multi-frame", "and", "for", "of"),
    )
}
_LONGEST_MEANING = 600

Json = dict[str, Any]


def extract() -> Json:
    """The tables of the installed packages as one JSON object; the shape is told in `scripts.dicomtags.standard`."""
    modules, sequences = _modules(_read("highdicom", "module_attribute_map.json"))
    names = {each["id"]: each["name"] for each in _read("dicom-standard", "modules.json")}
    sources = [{**source, "version": distribution(source["package"]).version} for source in SOURCES]
    return {
        "sources": sources,
        "iods": _iods(),
        "modules": {
            key: {"name": names.get(key) or spelled(key), "attributes": nodes} for key, nodes in sorted(modules.items())
        },
        "sequences": sequences,
        "meanings": _meanings(),
        "confidentiality": _confidentiality(),
    }


def _read(package: str, name: str) -> Any:
    """The JSON file `name` of an installed package."""
    return json.loads(_path(package, name).read_text(encoding="utf-8"))


def _path(package: str, name: str) -> Path:
    for file in distribution(package).files or ():
        if file.name == name:
            return Path(str(file.locate()))
    raise FileNotFoundError(f"{package} has no {name}: install requirements-dev.txt")


def spelled(key: str) -> str:
    """The name in a key of highdicom: `rt-dose-contribution-record` is RT Dose Contribution Record."""
    words = key.replace("x-ray", "x_ray").replace("multi-frame", "multi_frame").split("-")
    return " ".join(_SPELLINGS.get(word.replace("_", "-"), word.capitalize()) for word in words)


def _modules(found: dict[str, list[Json]]) -> tuple[dict[str, list[Any]], list[list[Any]]]:
    """The attributes of each module as trees: [keyword, type] or, of a sequence, [keyword, type, number of its items].

    The numbers point into the second value. The same items (a code, a reference) stand below thousands of sequences:
    written once each, the tables are a twentieth of their size.
    """
    numbers: dict[str, int] = {}
    sequences: list[list[Any]] = []

    def written(tree: Json) -> list[Any]:
        nodes = []
        for keyword, (kind, below) in tree.items():
            node: list[Any] = [keyword, kind]
            if below:
                items = written(below)
                text = json.dumps(items)
                if text not in numbers:
                    numbers[text] = len(sequences)
                    sequences.append(items)
                node.append(numbers[text])
            nodes.append(node)
        return nodes

    return {key: written(_tree(rows)) for key, rows in sorted(found.items())}, sequences


def _tree(rows: Iterable[Json]) -> Json:
    """Rows with paths as nested {keyword: (type, what its items hold)}."""
    tree: Json = {}
    for row in rows:
        place = tree
        for step in row["path"]:
            place = place.setdefault(step, ("", {}))[1]
        kind = "" if row["type"] == "None" else row["type"]
        below = place[row["keyword"]][1] if row["keyword"] in place else {}
        place[row["keyword"]] = (kind, below)
    return tree


def _iods() -> Json:
    """IODs by highdicom's key. A module in one is [key, usage, information entity], with the condition of a usage C."""
    sop_classes: dict[str, list[str]] = {}
    for uid, key in _read("highdicom", "sop_class_iod_map.json").items():
        sop_classes.setdefault(key, []).append(uid)
    former = {sop["id"]: sop["ciod"] for sop in _read("dicom-standard", "sops.json")}
    ids = {each["name"]: each["id"] for each in _read("dicom-standard", "ciods.json")}
    names = {each["id"]: each["name"] for each in _read("dicom-standard", "ciods.json")}
    conditions = {
        (row["ciodId"], row["moduleId"]): row["conditionalStatement"]
        for row in _read("dicom-standard", "ciod_to_modules.json")
    }
    found = {}
    for key, modules in sorted(_read("highdicom", "iod_module_map.json").items()):
        uids = sorted(sop_classes.get(key, ()))
        then = {former[uid] for uid in uids if uid in former}
        name = names.get(key) or spelled(key)
        id_ = key if key in names else ids.get(min(then)) if len(then) == 1 else None
        rows = []
        for module in modules:
            condition = conditions.get((id_ or "", module["key"])) if module["usage"] == "C" else None
            row = [module["key"], module["usage"], module["ie"]]
            rows.append([*row, _plain(condition)] if condition else row)
        found[key] = {"name": name, "aliases": sorted(then - {name}), "sop_classes": uids, "modules": rows}
    return found


def _meanings() -> dict[str, str]:
    """What each attribute (by its tag) means: the first paragraph of its description.

    An attribute is described in each module that has it. The description that stands least deep in sequences is
    taken, and of these the one that most IODs have.
    """
    weights = Counter(row["moduleId"] for row in _read("dicom-standard", "ciod_to_modules.json"))
    heard: dict[str, Counter[tuple[int, str]]] = {}
    for row in _read("dicom-standard", "module_to_attributes.json"):
        text = _first_paragraph(row["description"])
        if text:
            tag = row["path"].rpartition(":")[2].upper().replace("X", "x")
            heard.setdefault(tag, Counter())[row["path"].count(":"), text] += weights[row["moduleId"]]
    return {
        tag: min(found, key=lambda told: (told[0], -found[told], told[1]))[1] for tag, found in sorted(heard.items())
    }


def _first_paragraph(description: str) -> str:
    for paragraph in re.findall(r"<p>(.*?)</p>", description, re.DOTALL):
        text = _plain(paragraph)
        if text and not text.startswith(("See ", "Note", "Required if", "Enumerated Value", "Defined Term")):
            return text if len(text) <= _LONGEST_MEANING else text[:_LONGEST_MEANING].rpartition(". ")[0] + "."
    return ""


def _plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def _confidentiality() -> dict[str, list[Any]]:
    """Table E.1-1 by tag, x standing for any digit: [action of the Basic Profile, {option: action}].

    The options are missing where the table of April 2020 has no such row.
    """
    actions = _basic_profile()
    options = {}
    for row in _read("dicom-standard", "confidentiality_profile_attributes.json"):
        tag = "private" if row["id"].startswith("gggg") else row["id"].upper().replace("X", "x")
        options[tag] = {ours: row[theirs] for theirs, ours in OPTIONS.items() if theirs in row}
        # Kitware's lists are of tags; "private attributes" is a row of the table all the same.
        if tag == "private":
            actions[tag] = row["basicProfile"]
    return {tag: [action, options[tag]] if tag in options else [action] for tag, action in sorted(actions.items())}


def _basic_profile() -> dict[str, str]:
    """The actions in dicom-anonymizer's lists, which are Python: X_Z_D_TAGS = [(0x0018, 0x1000), ...]."""
    source = ast.parse(_path("dicom-anonymizer", f"dicomfields_{PROFILE_EDITION}.py").read_text(encoding="utf-8"))
    actions = {}
    for statement in source.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        name = statement.targets[0].id.removesuffix("_TAGS").replace("_STAR", "*").replace("_", "/")
        for tag in ast.literal_eval(statement.value):
            # Two numbers, or two and a mask of the digits that count.
            group, element, group_mask, element_mask = (*tag, 0xFFFF, 0xFFFF)[:4]
            digits, mask = f"{group:04X}{element:04X}", f"{group_mask:04X}{element_mask:04X}"
            shown = "".join(digit if kept == "F" else "x" for digit, kept in zip(digits, mask, strict=True))
            actions[shown] = name
    return actions


def render(standard: Json) -> str:
    """The tables as text: one line for each entry, so that a change is a readable diff."""
    parts = []
    for part, rows in standard.items():
        if isinstance(rows, list):
            lines = ",\n".join(_line(row) for row in rows)
            parts.append(f'"{part}":[\n{lines}\n]')
        else:
            lines = ",\n".join(f"{_line(name)}:{_line(row)}" for name, row in rows.items())
            parts.append(f'"{part}":{{\n{lines}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Write standard.json beside this file."""
    STANDARD.write_text(render(extract()), encoding="utf-8")


if __name__ == "__main__":
    main()
