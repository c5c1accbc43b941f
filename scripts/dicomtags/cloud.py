"""An attribute in Cloud Healthcare: what QIDO searches and returns, and its column in BigQuery.

The emulator's own tables and rules are asked, so that what is told here is what the emulator answers.
"""

from __future__ import annotations

from typing import Any

from scripts.dicomtags.dictionary import Entry

LEVELS = ("study", "series", "instance")
_COMMAND, _FILE_META = "0000", "0002"
Json = dict[str, Any]


def qido(tag: str) -> dict[str, Json]:
    """For each level whether an attribute can be searched for, and when a search returns it.

    `returned` is "default", "includefield" (its name, or all), "emulator" (by name, from the emulator: a count that
    viewers ask for and Google's conformance statement does not list), or "no". This is of searches of a whole store,
    which return the levels above too; within a study or series they return their own level's only.
    """
    from emulator.services.healthcare.dicom.web import qido as emulated

    return {
        level: {"searchable": tag in emulated.KEYS[level].values(), "returned": _returned(tag, level)}
        for level in LEVELS
    }


def _returned(tag: str, level: str) -> str:
    from emulator.services.healthcare.dicom import index
    from emulator.services.healthcare.dicom.web import qido as emulated

    above = LEVELS[: LEVELS.index(level) + 1]
    if tag == "00081190" or any(tag in index.attributes(each, "default") for each in above):
        return "default"
    if tag in emulated.REFUSED_FIELDS or tag[:4] == _COMMAND:
        return "no"
    if level == "instance" or any(tag in index.attributes(each, "all") for each in above):
        return "includefield"
    return "emulator" if (level, tag) in emulated.COUNTED else "no"


def column(entry: Entry) -> Json | None:
    """The column of an attribute in the flattened table: {name, type, mode}, as BigQuery's API writes it.

    None where it has no column: bytes, elements of commands. A RECORD's `fields` are those of person names; a sequence
    has those attributes that its items hold. An attribute of several VRs has a column unless all of them are bytes.
    """
    from emulator.services.healthcare.dicom.transfer import flattened

    if entry.tag.startswith(_COMMAND):
        return None
    for vr in entry.vrs:
        schema = flattened.Schema()
        # An item with some attribute: a sequence of which no item was seen has no column.
        schema.add({entry.example: {"vr": vr, "Value": [{"00080100": {"vr": "SH"}}] if vr == "SQ" else []}})
        fields = schema.fields()
        if fields:
            found: Json = fields[0]
            if vr == "SQ":
                del found["fields"]
            return found
    return None


def private_column() -> Json:
    """The column that holds private and unknown elements, each as {Tag, Data}."""
    from emulator.services.healthcare.dicom.transfer import flattened

    schema = flattened.Schema()
    schema.add({"00091001": {"vr": "LO"}})
    found: Json = schema.fields()[0]
    return found


def column_text(found: Json) -> str:
    """A column as one reads it: `PatientName STRUCT<Alphabetic STRUCT<...>, ...>`."""
    return f"{found['name']} {_type(found)}"


def _type(field: Json) -> str:
    kind = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "RECORD": "STRUCT"}.get(field["type"], field["type"])
    if kind == "STRUCT":
        inner = ", ".join(f"{each['name']} {_type(each)}" for each in field.get("fields", ())) or "..."
        kind = f"STRUCT<{inner}>"
    return f"ARRAY<{kind}>" if field["mode"] == "REPEATED" else str(kind)
