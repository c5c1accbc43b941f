"""Searching for studies, series, instances (PS3.18 10.6; Cloud Healthcare: search transaction)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from emulator.dicom import dictionary
from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request, Response
from emulator.gateway.validation import SYSTEM_PARAMETERS
from emulator.services.healthcare.dicom import index
from emulator.services.healthcare.dicom.find import root_url, store_number
from emulator.services.healthcare.dicom.names import STORES, DicomPath
from emulator.services.healthcare.dicom.web import answers
from emulator.services.healthcare.service import SERVICE
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys

_READ = "healthcare.dicomStores.dicomWebRead"

# Cloud Healthcare: QIDO limits.
DEFAULT_LIMIT = {"study": 100, "series": 100, "instance": 1000}
MAX_LIMIT = {"study": 5000, "series": 5000, "instance": 50_000}
MAX_OFFSET = 1_000_000
MAX_SEQUENCE = 1 << 20
"""A sequence of more bytes, as JSON, is no part of a search's answer (Cloud Healthcare: "about 1 MiB")."""

_STUDY_KEYS = {
    "StudyInstanceUID": "0020000D",
    "PatientName": "00100010",
    "PatientID": "00100020",
    "AccessionNumber": "00080050",
    "ReferringPhysicianName": "00080090",
    "StudyDate": "00080020",
}
_SERIES_KEYS = {**_STUDY_KEYS, "SeriesInstanceUID": "0020000E", "Modality": "00080060"}
KEYS = {"study": _STUDY_KEYS, "series": _SERIES_KEYS, "instance": {**_SERIES_KEYS, "SOPInstanceUID": "00080018"}}
"""What can be searched for at a level, by keyword."""

_COLUMNS = {
    "0020000D": "s.uid",
    "00100020": "s.patient_id",
    "00080050": "s.accession",
    "0020000E": "e.uid",
    "00080060": "e.modality",
    "00080018": "i.uid",
}
_NAME_KINDS = {"00100010": "P", "00080090": "R"}
_DATE = re.compile(r"[0-9]{8}")
_COUNTED = ("limit", "offset", "fuzzymatching", "includefield")
_COUNT = re.compile(r"[0-9]{1,12}")
_TABLES = {"s": "dicom_studies s", "e": "dicom_series e", "i": "dicom_instances i"}
_BELOW = {"e": "dicom_series e ON e.study = s.id", "i": "dicom_instances i ON i.series = e.id"}
_LETTER = {"study": "s", "series": "e", "instance": "i"}

COUNTED = {
    ("study", "00080060"): "SELECT json_group_array(DISTINCT modality) FROM dicom_series WHERE study = s.id",
    ("study", "00080061"): "SELECT json_group_array(DISTINCT modality) FROM dicom_series WHERE study = s.id",
    ("study", "00201206"): "SELECT json_array(count(*)) FROM dicom_series WHERE study = s.id",
    ("study", "00201208"): "SELECT json_array(count(*)) FROM dicom_instances WHERE study = s.id",
    ("series", "00201209"): "SELECT json_array(count(*)) FROM dicom_instances WHERE series = e.id",
}
"""Counts that Google does not list among its attributes but viewers ask for; they are made on request only."""

_COUNTED_VR = {"00080060": "CS", "00080061": "CS"}
REFUSED_FIELDS = frozenset(("00083002",))
"""What includefield must not name."""


@dataclass(slots=True)
class Query:
    """A search request, read: what to match, what to return, which page."""

    level: str
    matches: dict[str, str] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)
    all_fields: bool = False
    fuzzy: bool = False
    limit: int = 0
    offset: int = 0


def parse(level: str, parameters: list[tuple[str, str]]) -> Query:
    """Read the query parameters of a search at a level; 400 for what Google refuses."""
    query = Query(level, limit=DEFAULT_LIMIT[level])
    for name, text in parameters:
        if not text and name in _COUNTED:  # an empty parameter is one that was not given
            continue
        if name == "limit":
            query.limit = min(_count(name, text), MAX_LIMIT[level])
        elif name == "offset":
            query.offset = _count(name, text)
            if query.offset > MAX_OFFSET:
                raise invalid_argument(f"offset must be at most {MAX_OFFSET}.")
        elif name == "fuzzymatching":
            if text.lower() not in ("true", "false"):
                raise invalid_argument("fuzzymatching must be true or false.")
            query.fuzzy = text.lower() == "true"
        elif name == "includefield":
            _include(query, text)
        elif (tag := _key(level, name)) is not None:
            if tag in query.matches:
                raise invalid_argument(f"Query parameter {name} is given twice.")
            query.matches[tag] = text
        elif name not in SYSTEM_PARAMETERS:
            raise invalid_argument(
                f"Invalid query parameter {name[:64]}: a search for this level takes {', '.join(KEYS[level])}, "
                "fuzzymatching, includefield, limit and offset."
            )
    return query


def _count(name: str, text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise invalid_argument(f"{name} must be a number that is not negative.")
    return int(text)


def _key(level: str, name: str) -> str | None:
    keys = KEYS[level]
    if name in keys:
        return keys[name]
    return name if name in keys.values() else None


def _include(query: Query, text: str) -> None:
    for name in text.split(","):
        if name.strip().lower() == "all":
            query.all_fields = True
            continue
        tag = dictionary.tag_of(name.strip())
        if tag is None or tag in REFUSED_FIELDS:
            raise invalid_argument(
                f"Invalid includefield {name[:64]}: it must be a keyword or tag that can be returned."
            )
        query.fields.add(tag)


def _conditions(query: Query, store: int, path: DicomPath) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """SQL conditions with their values, but for the store's."""
    if path.study:
        yield "s.uid = ?", (path.study,)
    if path.series:
        yield "e.uid = ?", (path.series,)
    for tag, value in query.matches.items():
        if not value:
            continue  # universal matching (PS3.4 C.2.2.2.3)
        if tag == "00080020":
            yield _date(value)
        elif tag == "00100010" and query.fuzzy:
            yield _fuzzy(store, value)
        elif tag in _NAME_KINDS:
            found = "SELECT study FROM dicom_names WHERE store = ? AND kind = ? AND value = ?"
            yield f"s.id IN ({found})", (store, _NAME_KINDS[tag], value)
        else:
            yield f"{_COLUMNS[tag]} = ?", (value,)


def _date(value: str) -> tuple[str, tuple[str, ...]]:
    first, dash, last = value.partition("-")
    if (first and not _DATE.fullmatch(first)) or (last and not _DATE.fullmatch(last)) or not (first or last):
        raise invalid_argument("StudyDate must be YYYYMMDD or a range YYYYMMDD-YYYYMMDD that may be open at one end.")
    if not dash:
        return "s.study_date = ?", (first,)
    return "s.study_date BETWEEN ? AND ?", (first or "0", last or "99999999")


def _fuzzy(store: int, value: str) -> tuple[str, tuple[str | int, ...]]:
    """Match any of the words as the start of any word of the name."""
    words = index.tokens(value)
    if not words:
        return "0", ()
    starts = " OR ".join("(value >= ? AND value < ?)" for _ in words)
    bounds = [bound for word in words for bound in (word, word + "\U0010ffff")]
    found = f"SELECT study FROM dicom_names WHERE store = ? AND kind = 'T' AND ({starts})"  # noqa: S608
    return f"s.id IN ({found})", (store, *bounds)


def search(request: Request, level: str) -> Response:
    """Answer a search at a level ("study", "series", "instance")."""
    context = request.context
    query = parse(level, request.raw_query)
    as_xml = answers.wants_xml(request)
    path = DicomPath.parse(request.path["dicomWebPath"])
    store = store_number(context, request.path["parent"])
    conditions = list(_conditions(query, store, path))
    where = " AND ".join(sql for sql, _ in conditions)
    values = [value for _, given in conditions for value in given]
    columns, joins = _selected(query, path)
    source, first = _source(level, where)
    where = f" AND {where}" if where else ""
    rows: Sequence[Sequence[Any]] = context.db.all(
        f"SELECT {columns} FROM {source}{joins} WHERE {first}.store = ?{where}"  # noqa: S608
        f" ORDER BY {_LETTER[level]}.id LIMIT ? OFFSET ?",
        (store, *values, query.limit, query.offset),
    )
    if not rows:
        return Response(204)
    reduce = query.all_fields or query.fields
    if context.blobs.keys is not None:
        rows = [_opened(context.blobs.keys, row) for row in rows]
    documents = [_reduced(query, tuple(row)) if reduce else row[0] for row in rows]
    return answers.documents(documents, root_url(request), as_xml=as_xml)


def _opened(keys: DataKeys, row: Iterable[Any]) -> tuple[Any, ...]:
    """A row with its documents decrypted."""
    return tuple(data_keys.text_read(keys, value) if isinstance(value, bytes) else value for value in row)


def _source(level: str, where: str) -> tuple[str, str]:
    """The tables to read, from the highest level with a condition down, and the letter of the first one.

    CROSS JOIN keeps SQLite to this order: it would rather go through all instances of the store.
    """
    letters = "sei"[: "sei".index(_LETTER[level]) + 1]
    first = next((letter for letter in letters if f"{letter}." in where), letters[-1])
    chain = letters[letters.index(first) :]
    return " CROSS JOIN ".join(_TABLES[letter] if letter == first else _BELOW[letter] for letter in chain), first


def _selected(query: Query, path: DicomPath) -> tuple[str, str]:
    """The columns to read (the document first), and a join that they need."""
    scoped = path.series or (path.study and query.level == "series")
    if not (query.all_fields or query.fields):
        column = "s.found" if query.level == "study" else f"{_LETTER[query.level]}.{'found' if scoped else 'joined'}"
        return column, ""
    if query.level == "instance":
        return "i.joined, m.document", " JOIN dicom_metadata m ON m.instance = i.id"
    counted = [f"({sql})" for (level, tag), sql in COUNTED.items() if level == query.level and tag in query.fields]
    letter = _LETTER[query.level]
    found = f"{letter}.found" if query.level == "study" or scoped else f"{letter}.joined"
    return ", ".join([found, f"{letter}.attributes", *counted]), ""


def _reduced(query: Query, row: Sequence[bytes]) -> bytes:
    """The default attributes and those that were asked for (or all) of one result."""
    shown = orjson.loads(row[0].replace(index.ROOT_MARK, b"\\u0001"))
    wider = orjson.loads(row[1].replace(index.ROOT_MARK, b"\\u0001"))
    if len(row[1]) > MAX_SEQUENCE:
        wider = {tag: element for tag, element in wider.items() if not _is_too_large(element)}
    shown.update({tag: element for tag, element in wider.items() if query.all_fields or tag in query.fields})
    counted = [tag for level, tag in COUNTED if level == query.level and tag in query.fields]
    for tag, found in zip(counted, row[2:], strict=True):
        shown[tag] = {"vr": _COUNTED_VR.get(tag, "IS"), "Value": orjson.loads(found)}
    return orjson.dumps(dict(sorted(shown.items()))).replace(b"\\u0001", index.ROOT_MARK)


def _is_too_large(element: dict[str, Any]) -> bool:
    return element["vr"] == "SQ" and len(orjson.dumps(element)) > MAX_SEQUENCE


def _handler(method_id: str, level: str) -> None:
    @SERVICE.handles(method_id, permission=_READ)
    async def handler(request: Request) -> Answer:
        return search(request, level)


for _parent, _levels in (
    ("", ("study", "series", "instance")),
    (".studies", ("series", "instance")),
    (".studies.series", ("instance",)),
):
    for _level in _levels:
        _plural = {"study": "Studies", "series": "Series", "instance": "Instances"}[_level]
        _handler(f"{STORES}{_parent}.searchFor{_plural}", _level)
