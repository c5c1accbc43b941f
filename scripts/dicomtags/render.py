"""What `tags` prints for people, from the facts that `--json` prints for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from scripts.console import count
from scripts.dicomtags import cloud

Json = dict[str, Any]

_INDENT = "    "
_FEW = 3
_MANY = 12
_RETURNED = {
    "default": "returned",
    "includefield": "returned with includefield",
    "emulator": "counted by the emulator for includefield",
    "no": "not returned",
}


def attribute(facts: Json) -> Iterator[str]:
    """The lines of `scripts.dicomtags.attribute.facts`."""
    yield " ".join(filter(None, (facts["tag"], facts["keyword"] or "(no keyword)", "-", facts["name"])))
    if facts["retired"]:
        yield _row("status", "retired: new files must not use it")
    yield _row("VR, VM", f"{' or '.join(facts['vr']) or 'none'}, {facts['vm']}")
    if facts["meaning"]:
        yield _row("meaning", facts["meaning"])
    yield from _cloud(facts)
    yield from _modules(facts["modules"])


def private(facts: Json) -> Iterator[str]:
    """The lines of `scripts.dicomtags.attribute.private_facts`."""
    if facts["creator_element"]:
        yield f"{facts['tag']} is private: it names the creator of a block of private elements, VR LO"
    else:
        yield f"{facts['tag']} is private: its group is odd, so the creator of its block gives it its meaning"
    for known in facts["known"][:_MANY]:
        yield _row("known", f"{known['name']} of {known['creator']}, VR {known['vr']}, VM {known['vm'] or 'not known'}")
    if len(facts["known"]) > _MANY:
        yield _row("known", f"and {len(facts['known']) - _MANY} more: --json lists them")
    yield from _cloud(facts)


def _row(label: str, text: str) -> str:
    return f"{label:<9} {text}"


def _cloud(facts: Json) -> Iterator[str]:
    """De-identification, QIDO and BigQuery."""
    rule = facts["deidentification"]
    yield _row(
        "PS3.15",
        f"{rule['action']}: {rule['words']} [{rule['edition']}]" if rule else "left as it is by the Basic Profile",
    )
    if rule and rule["options"] is None:
        yield _row("", f"options: none known, the row is newer than their table ({rule['options_edition']})")
    elif rule:
        for option, action in rule["options"].items():
            yield _row("", f"{action} with the option {option}")
    for label, level in zip(("QIDO", "", ""), cloud.LEVELS, strict=True):
        found = facts["qido"][level]
        search = "searchable" if found["searchable"] else "not searchable"
        yield _row(label, f"{level:<8} {search}, {_RETURNED[found['returned']]}")
    column = facts["bigquery"]
    yield _row("BigQuery", cloud.column_text(column) if column else "no column: bytes and commands have none")


def _modules(places: Sequence[Json]) -> Iterator[str]:
    """Where an attribute is: the modules that have it on top, then the sequences whose items have it."""
    label = "modules"
    for place in (place for place in places if place["type"] or not place["sequences"]):
        kind = f"type {place['type']}" if place["type"] else "no type"
        yield _row(label, f"{place['module']}: {kind}{_used(place['iods'])}")
        label = ""
    sequences = sorted({name for place in places for name in place["sequences"]})
    if sequences:
        more = f" and {len(sequences) - _MANY} more" if len(sequences) > _MANY else ""
        yield _row("in items", f"of {', '.join(sequences[:_MANY])}{more}")
    if not places:
        yield _row("modules", "none of the tables known here")


def _used(iods: Sequence[Json]) -> str:
    if not iods:
        return ", in no IOD of stored instances"
    if len(iods) <= _FEW:
        return "; " + ", ".join(f"{each['usage']} in {each['iod']}" for each in iods)
    usages = Counter(each["usage"] for each in iods)
    return "; " + ", ".join(f"{usage} in {count(usages[usage], 'IOD')}" for usage in "MCU" if usages[usage])


def iod(facts: Json) -> Iterator[str]:
    """The lines of `scripts.dicomtags.iods.iod_facts`."""
    yield f"{facts['iod']} IOD"
    for each in facts["sop_classes"]:
        yield f"{each['uid']}  {each['name']}"
    entity = ""
    for module in facts["modules"]:
        if module["entity"] != entity:
            entity = module["entity"]
            yield from ("", entity)
        condition = f": {module['condition']}" if module["condition"] else ""
        unknown = "" if module["known"] else " (its attributes are not in the tables known here)"
        yield f"{_INDENT}{module['usage']}  {module['module']}{condition}{unknown}"
        yield from _attributes(module["attributes"], 2)


def module(facts: Json) -> Iterator[str]:
    """The lines of `scripts.dicomtags.iods.module_facts`."""
    yield f"{facts['module']} module{_used(facts['iods'])}"
    yield from _attributes(facts["attributes"], 1)


def _attributes(rows: Iterable[Json], depth: int) -> Iterator[str]:
    for row in rows:
        hidden = f"  ({count(row['hidden'], 'attribute')} in its items)" if "hidden" in row else ""
        yield f"{_INDENT * depth}{row['tag'] or '(unknown)'}  {row['type']:<2}  {row['keyword']}{hidden}"
        yield from _attributes(row.get("items", ()), depth + 1)


FILE_COLUMNS = ("tag", "keyword", "VR", "value", "PS3.15", "IOD")


def file_rows(elements: Iterable[Json], depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The elements of `scripts.dicomtags.files.explain` as rows of a table; items are numbered and indented by >."""
    mark = ">" * depth
    for element in elements:
        value = element["value"] if element["value"] is not None else f"[{element['note']}]"
        rule = element["deidentification"]
        yield (
            f"{mark}{element['tag']}",
            element["keyword"] or element["name"],
            element["vr"],
            value,
            rule["action"] if rule else "",
            element["iod"],
        )
        for number, item in enumerate(element.get("items", ()), 1):
            yield (f"{mark}>item {number}", "", "", "", "", "")
            yield from file_rows(item, depth + 1)


def file_head(facts: Json) -> Iterator[str]:
    """What stands above the table of elements."""
    name = facts["sop_class_name"] or "no SOP class"
    yield f"{facts['file']}: {name}" + (f", {facts['iod']} IOD" if facts["iod"] else ", an IOD not known here")


def file_tail(facts: Json) -> Iterator[str]:
    """What stands below it: the missing attributes, by module."""
    if facts["iod"] is None:
        return
    if not facts["missing"]:
        yield "No attribute of type 1 or 2 is missing from the mandatory modules."
        return
    yield "Missing from the mandatory modules:"
    for row in facts["missing"]:
        place = " > ".join([*row["path"], row["keyword"]])
        state = ", empty" if row["state"] == "empty" else ""
        yield f"{_INDENT}{row['tag']}  {row['type']:<2}  {place} ({row['module']}){state}"
