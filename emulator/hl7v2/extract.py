"""python -m emulator.hl7v2.extract HL7APY EVENTS: make data/v2.8.2.json.gz of HL7's tables.

HL7APY is a folder with the package hl7apy unpacked (PyPI, 1.3.5), EVENTS the file ca/uhn/hl7v2/parser/eventmap/
2.8.properties of hapi-structures-v28 (Maven, 2.6.0), which has a line "ADT_A04 ADT_A01" for each event of a structure.
"""

import gzip
import importlib
import sys
from pathlib import Path
from typing import Any

import orjson

from emulator.hl7v2.schemas.standard import PATH

_VERSION = "v2_8_2"


def main(hl7apy: str, events: str) -> None:
    """Write the file."""
    sys.path.insert(0, hl7apy)
    modules = [importlib.import_module(f"hl7apy.{_VERSION}.{name}") for name in ("messages", "segments", "datatypes")]
    messages, segments, datatypes = modules
    data = {
        "structures": {
            name: _root(name, each) for name, each in messages.MESSAGES.items() if "_" in name or name == "ACK"
        },
        "types": [
            *(_type(name, each[1]) for name, each in segments.SEGMENTS.items() if each[0] == "sequence"),
            *(_type(name, parts, least=0) for name, parts in datatypes.DATATYPES_STRUCTS.items()),
            *_primitives(datatypes.DATATYPES_STRUCTS, segments.SEGMENTS),
        ],
        "events": dict(line.split() for line in Path(events).read_text().splitlines() if line and line[0] != "#"),
    }
    PATH.write_bytes(gzip.compress(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), mtime=0))


def _root(name: str, given: Any) -> dict[str, Any]:
    return {"name": name, **_members(name, given), "minOccurs": 1, "maxOccurs": 1}


def _members(structure: str, given: Any) -> dict[str, Any]:
    members = [_member(structure, *each) for each in given[1]]
    return {"members": members, **({"choice": True} if given[0] == "choice" else {})}


def _member(structure: str, name: str, given: Any, occurs: tuple[int, int], kind: str) -> dict[str, Any]:
    bounds = {"minOccurs": occurs[0], "maxOccurs": occurs[1]}
    if kind == "SEG":
        return {"segment": {"type": name, **bounds}}
    return {"group": {"name": name.removeprefix(f"{structure}_"), **_members(structure, given), **bounds}}


def _type(name: str, parts: Any, least: int | None = None) -> dict[str, Any]:
    """A type with its parts, of which `least`, where it is given, says how often they must be there.

    Components need not be there: senders of older versions leave out what 2.8.2 asks for, such as MSH-9.3.
    """
    fields = [
        {
            "name": part[0].rpartition("_")[2],
            "type": _type_name(part[1]),
            "minOccurs": part[2][0] if least is None else least,
            "maxOccurs": part[2][1],
        }
        for part in parts
    ]
    return {"name": name, "fields": fields}


def _type_name(part: Any) -> str:
    """The type of a part: the third of ('leaf', None, 'ST', ...) and of ('sequence', parts, 'CX', ...)."""
    return "VARIES" if part[2] in ("varies", None) else str(part[2])


def _primitives(structs: Any, segments: Any) -> list[dict[str, Any]]:
    """The types that are named somewhere and have no parts."""
    named = {_type_name(part[1]) for parts in structs.values() for part in parts}
    named |= {_type_name(part[1]) for way, parts in segments.values() if way == "sequence" for part in parts}
    missing = sorted(named - {*structs})
    return [{"name": name, "primitive": "VARIES" if name == "VARIES" else "STRING"} for name in missing]


if __name__ == "__main__":
    main(*sys.argv[1:])
