"""DICOM JSON as BigQuery rows: Google's flattened schema (one column for each attribute) and its JSON schema."""

from collections.abc import Iterable
from typing import Any

from emulator.dicom import dictionary, representations
from emulator.dicom.values import BYTES_VRS

Json = dict[str, Any]
Field = dict[str, Any]

# Cloud Healthcare: DICOM BigQuery schema, types by VR.
_TYPES = {
    **dict.fromkeys(("AE", "AS", "CS", "DS", "IS", "LO", "LT", "SH", "ST", "UC", "UI", "UR", "UT"), "STRING"),
    **dict.fromkeys(("AT", "SL", "SS", "SV", "UL", "US", "UV"), "INTEGER"),
    **dict.fromkeys(("FD", "FL"), "FLOAT"),
    "DA": "DATE",
    "TM": "TIME",
    "DT": "TIMESTAMP",
    "PN": "RECORD",
    "SQ": "RECORD",
}
_NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")

OTHER_ELEMENTS = "OtherElements"
_EXACT = 1e16  # repr writes larger floats with an exponent


def field(name: str, kind: str, mode: str = "NULLABLE", fields: list[Field] | None = None) -> Field:
    """Make one field of a BigQuery schema."""
    return {"name": name, "type": kind, "mode": mode, **({"fields": fields} if fields else {})}


SYSTEM_COLUMNS = [
    field("StructuredStorageSize", "INTEGER"),
    field("DroppedTags", "STRING", "REPEATED"),
    field("StorageClass", "STRING"),
    field("LastUpdated", "TIMESTAMP"),
    field("BlobStorageSize", "INTEGER"),
    field("Type", "STRING"),
]
SOURCE_COLUMN = field("SourceDicomStore", "STRING")
_PERSON = [field(group, "RECORD", fields=[field(part, "STRING") for part in _NAME_PARTS]) for group in _NAME_GROUPS]
_OTHER = field(OTHER_ELEMENTS, "RECORD", "REPEATED", [field("Tag", "STRING"), field("Data", "STRING", "REPEATED")])

JSON_COLUMNS = [
    field("StudyInstanceUID", "STRING"),
    field("SeriesInstanceUID", "STRING"),
    field("SOPInstanceUID", "STRING"),
    field("Metadata", "JSON"),
]


class Schema:
    """The columns that the instances seen so far need; grows with `add`."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[str, str, str, Schema | None]] = {}
        self._private = False

    def add(self, dataset: Json) -> None:
        """Take the attributes of one dataset into account."""
        for tag, element in dataset.items():
            vr = element["vr"]
            known = dictionary.entry(int(tag, 16))
            if vr in BYTES_VRS:
                continue
            if known is None or not known[1]:
                self._private = self._private or vr != "SQ"
                continue
            name, inner = known[1], None
            if vr == "SQ":
                inner = self._columns[name][3] if name in self._columns else Schema()
                inner = inner or Schema()
                for item in element.get("Value", ()):
                    inner.add(item or {})
            if name not in self._columns or vr == "SQ":
                mode = "NULLABLE" if known[2] == "1" and vr != "SQ" else "REPEATED"
                self._columns[name] = (tag, vr, mode, inner)

    def fields(self) -> list[Field]:
        """The schema, in the order of tags; a sequence of which no item was ever seen has no column."""
        found = []
        for name, (_tag, vr, mode, inner) in sorted(self._columns.items(), key=lambda column: column[1][0]):
            if inner is not None:
                if nested := inner.fields():
                    found.append(field(name, "RECORD", "REPEATED", nested))
            else:
                found.append(field(name, _TYPES.get(vr, "STRING"), mode, _PERSON if vr == "PN" else None))
        return [*found, _OTHER] if self._private else found


def row(dataset: Json, dropped: list[str], schema: Iterable[Field]) -> Json:
    """One dataset as a row of the schema; the keywords of values that fit no column are added to `dropped`."""
    columns = {column["name"]: column for column in schema}
    made: Json = {}
    others = []
    for tag, element in dataset.items():
        values = [value for value in element.get("Value", ()) if value is not None]
        if not values:
            continue
        known = dictionary.entry(int(tag, 16))
        if known is None or not known[1]:
            if element["vr"] != "SQ":
                others.append({"Tag": f"Tag_{tag}", "Data": [_text(value) for value in values]})
            continue
        column = columns.get(known[1])
        if column is None:
            continue
        converted = [_converted(element["vr"], value, column, dropped) for value in values]
        kept = [value for value in converted if value is not None]
        if len(kept) < len(converted):
            dropped.append(known[1])
        if kept:
            made[known[1]] = kept if column["mode"] == "REPEATED" else kept[0]
    if others and OTHER_ELEMENTS in columns:
        made[OTHER_ELEMENTS] = others
    return made


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "=".join(str(value.get(group, "")) for group in _NAME_GROUPS).rstrip("=")
    return str(value)


def _converted(vr: str, value: Any, column: Field, dropped: list[str]) -> Any:
    """A value as its column's type takes it, None if it does not fit."""
    kind = column["type"]
    if vr == "SQ":
        return row(value, dropped, column.get("fields", ())) if kind == "RECORD" else None
    if vr == "PN":
        return _person(value) if kind == "RECORD" else _text(value)
    if kind == "RECORD":
        return None
    if kind == "INTEGER":
        return _integer(vr, value)
    if kind == "FLOAT":
        return value if isinstance(value, float | int) else None
    readers = {"DATE": date, "TIME": time, "TIMESTAMP": timestamp}
    if kind in readers:
        return readers[kind](str(value))
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


def _integer(vr: str, value: Any) -> int | None:
    if vr == "AT":
        return int(value, 16)
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None


def _person(value: dict[str, str]) -> Json:
    return {group: dict(zip(_NAME_PARTS, text.split("^"), strict=False)) for group, text in value.items() if text}


def date(text: str) -> str | None:
    """Read a DA value as YYYY-MM-DD, None if it is no date."""
    found = representations.calendar_date(text)
    return found.isoformat() if found else None


def time(text: str) -> str | None:
    """Read a TM value as HH:MM:SS[.ffffff], None if it is no time. A leap second is the one before."""
    found = representations.time_of_day(text)
    if found is None:
        return None
    hour, minute, second, fraction = found
    return f"{hour:02}:{minute:02}:{min(second, 59):02}" + (f".{fraction}" if fraction else "")


def timestamp(text: str) -> str | None:
    """Read a DT value as RFC 3339 in UTC; without an offset it is taken as UTC. None if it is no time."""
    found = representations.moment(text)
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z") if found else None
