"""Writes names.json, what HL7 calls the parts of messages: `python -m scripts.hl7v2.extract`.

hl7apy (MIT), a package of developers, carries the tables of HL7 2.1 to 2.8.2. What is taken: of each segment its
fields, of each data type its components, in order, with name and data type. Lists that versions have in common are kept
once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

NAMES = Path(__file__).with_name("names.json")
VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
_ABBREVIATIONS = {"id": "ID", "dob": "DOB", "ssn": "SSN", "msh": "MSH", "obr": "OBR", "obx": "OBX", "pid": "PID"}


def main() -> None:
    """Write the file anew."""
    NAMES.write_text(tables(), encoding="utf-8")


def tables() -> str:
    """What belongs into the file."""
    lists: list[list[str]] = []
    numbers: dict[str, int] = {}
    versions = {each: _of_version(each, lists, numbers) for each in VERSIONS}
    source = {"package": "hl7apy", "version": version("hl7apy"), "licence": "MIT"}
    parts = {"source": source, "lists": lists, "versions": versions}
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False) + "\n"


def _of_version(number: str, lists: list[list[str]], numbers: dict[str, int]) -> dict[str, dict[str, int]]:
    """Segments and data types of a version, each with the number of its list."""
    package = f"hl7apy.v{number.replace('.', '_')}"
    segments = import_module(f"{package}.segments").SEGMENTS
    types = import_module(f"{package}.datatypes").DATATYPES_STRUCTS
    return {
        "segments": {name: _number(_parts(found), lists, numbers) for name, found in sorted(segments.items())},
        "types": {name: _number(_parts(found), lists, numbers) for name, found in sorted(types.items())},
    }


def _number(parts: list[str], lists: list[list[str]], numbers: dict[str, int]) -> int:
    key = json.dumps(parts)
    if key not in numbers:
        numbers[key] = len(lists)
        lists.append(parts)
    return numbers[key]


def _parts(found: Any) -> list[str]:
    """Each part as "TYPE name"; a gap in the numbers is an empty text."""
    named: Mapping[int, str] = {
        int(part[0].rpartition("_")[2]): f"{part[1][2]} {_name(part[1][3])}"
        for part in (found if isinstance(found[0], tuple) else found[-1])
        if len(part) > 1 and part[1] and re.search(r"_\d+$", part[0])  # ANYHL7SEGMENT lists segments
    }
    return [named.get(number, "") for number in range(1, max(named, default=0) + 1)]


def _name(name: str) -> str:
    """DATE_TIME_OF_BIRTH as "Date time of birth"."""
    words = [_ABBREVIATIONS.get(word, word) for word in re.split(r"[_\s]+", name.lower()) if word]
    text = " ".join(words).replace(" s ", "'s ")
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    main()
