"""From a DICOM header to the rows of a store: what is searched for, and the documents that answers are joined from."""

import functools
import re
import sqlite3
import unicodedata
from dataclasses import dataclass, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import orjson

from emulator.dicom.errors import DicomError, refusing_the_unforeseen
from emulator.dicom.frames import frame_count
from emulator.dicom.header import Header, read_header
from emulator.state.data_keys import DataKeys

Json = dict[str, Any]

ROOT_MARK = b"\x01"
"""Stands in a stored document for the URL of the store's DICOMweb root."""

_PLAIN_UID = re.compile(r"[\w.\-]{1,64}", re.ASCII)
_MAX_UID = 256
_TOKENS = re.compile(r"[\^=\s,;]+")
_VOICED = "\u3099\u309a"
"""Marks that make other letters of kana: these are no accents."""
_DATA = Path(__file__).resolve().parent / "search_attributes.json"


@functools.cache
def attributes(level: str, group: str) -> tuple[str, ...]:
    """The tags that Google returns at a level ("study", "series", "instance"): the "default" or "all" group."""
    return tuple(orjson.loads(_DATA.read_bytes())[level].get(group, ()))


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance, read and ready to be inserted. Documents are DICOM JSON objects with ROOT_MARK for the root URL."""

    study: str
    series: str
    uid: str
    sop_class: str
    syntax: str
    modality: str
    patient_id: str
    accession: str
    study_date: str
    names: tuple[tuple[str, str], ...]
    frames: int
    study_found: bytes
    study_attributes: bytes
    series_found: bytes
    series_joined: bytes
    series_attributes: bytes
    found: bytes
    joined: bytes
    document: bytes
    bulk: bytes
    structured: int
    """Bytes of the document."""

    @property
    def path(self) -> str:
        """studies/U/series/U/instances/U as in a URL."""
        return _path(self.study, self.series, self.uid)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the blob folder that becomes an instance."""

    blob: str
    size: int
    crc32c: str


Outcome = Literal["stored", "identical", "different"]


def read_file(path: Path) -> Instance:
    """Read a file's header and prepare its rows; DicomError if it is no sound DICOM instance."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise DicomError("The file is empty.")
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return prepare(read_header(data))


def read_bytes(data: bytes) -> Instance:
    """The same for a file that is in memory."""
    return prepare(read_header(data))


def prepare(header: Header) -> Instance:
    """Prepare the rows of an instance; DicomError if it lacks one of its UIDs."""
    with refusing_the_unforeseen():
        return _prepared(header)


def _prepared(header: Header) -> Instance:
    elements = header.elements
    study, series, uid = (_uid(header, tag, word) for tag, word in _UIDS)
    in_meta_only = header.text("00020002") and not header.text("00080016")
    sop_class = _uid(header, "00020002" if in_meta_only else "00080016", "SOPClassUID")
    path = _path(study, series, uid)
    found = {**elements, "00080056": {"vr": "CS", "Value": ["ONLINE"]}}
    levels = {level: _select(found, attributes(level, "default")) for level in ("study", "series", "instance")}
    study_url, series_url, url = _path(study), _path(study, series), path
    study_all = {**levels["study"], **_select(found, attributes("study", "all"))}
    series_all = {**levels["series"], **_select(found, attributes("series", "all"))}
    document = _with_links(orjson.dumps(dict(sorted(elements.items()))), path)
    return Instance(
        study=study,
        series=series,
        uid=uid,
        sop_class=sop_class,
        syntax=header.transfer_syntax,
        modality=header.text("00080060"),
        patient_id=header.text("00100020"),
        accession=header.text("00080050"),
        study_date=header.text("00080020"),
        names=_names(elements),
        frames=frame_count(elements),
        study_found=_document(levels["study"], study_url),
        study_attributes=_document(study_all, study_url),
        series_found=_document(levels["series"], series_url),
        series_joined=_document({**levels["study"], **levels["series"]}, series_url),
        series_attributes=_document({**study_all, **series_all}, series_url),
        found=_document(levels["instance"], url),
        joined=_document({**levels["study"], **levels["series"], **levels["instance"]}, url),
        document=document,
        bulk=orjson.dumps([[b.path, b.vr, b.offset, b.length, b.encapsulated] for b in header.bulk]),
        structured=len(document),
    )


_TEXTS = (
    *("study_found", "study_attributes", "series_found", "series_joined", "series_attributes"),
    *("found", "joined", "document"),
)
"""What an instance has in rows beside what is compared in searches."""


def encrypted(instance: Instance, keys: DataKeys | None, version: str) -> Instance:
    """The instance as its rows are to have it: with texts encrypted by a version of a key, "" for none."""
    if keys is None or not version:
        return instance
    texts: dict[str, Any] = {name: keys.seal_text(version, getattr(instance, name)) for name in _TEXTS}
    return replace(instance, **texts)


def _with_links(document: bytes, path: str) -> bytes:
    """A document whose bulk values are at URLs below an instance's path."""
    return document.replace(b'"BulkDataURI":"', b'"BulkDataURI":"\x01/' + path.encode() + b"/bulkdata/")


_UIDS = (("0020000D", "StudyInstanceUID"), ("0020000E", "SeriesInstanceUID"), ("00080018", "SOPInstanceUID"))


def _uid(header: Header, tag: str, keyword: str) -> str:
    uid = header.text(tag)
    if not uid:
        raise DicomError(f"The instance lacks {keyword} ({tag[:4]},{tag[4:]}).")
    if len(uid) > _MAX_UID or "/" in uid or not uid.isprintable():
        raise DicomError(f"The instance's {keyword} ({tag[:4]},{tag[4:]}) is not a UID.")
    return uid


def _path(study: str, series: str = "", instance: str = "") -> str:
    levels = (("studies", study), ("series", series), ("instances", instance))
    return "/".join(f"{name}/{uid if _PLAIN_UID.fullmatch(uid) else quote(uid, '')}" for name, uid in levels if uid)


def _select(elements: Json, tags: tuple[str, ...]) -> Json:
    return {tag: elements[tag] for tag in tags if tag in elements}


_URL_START = b'"00081190":{"vr":"UR","Value":["'


def _document(elements: Json, url: str) -> bytes:
    """Write one search result with its RetrieveURL (0008,1190), attributes in tag order."""
    with_url = {**elements, "00081190": {"vr": "UR", "Value": [f"/{url}"]}}
    return orjson.dumps(dict(sorted(with_url.items()))).replace(_URL_START, _URL_START + ROOT_MARK, 1)


def _names(elements: Json) -> tuple[tuple[str, str], ...]:
    """What names are found by: (P)atient and (R)eferring physician as written, and the patient's name (T)okens."""
    rows = {("P", text) for text in _written(elements.get("00100010", {}))}
    rows |= {("T", token) for _, name in rows for token in tokens(name)}
    return tuple(sorted(rows | {("R", text) for text in _written(elements.get("00080090", {}))}))


def _written(element: Json) -> list[str]:
    """A name as it can be asked for: each component group, and all groups as PN writes them."""
    found = []
    for name in element.get("Value", ()):
        if name:
            groups = [name.get(key, "") for key in ("Alphabetic", "Ideographic", "Phonetic")]
            found += [group for group in groups if group] + ["=".join(groups).rstrip("=")]
    return found


def tokens(name: str) -> list[str]:
    """Cut a person's name into normalised words: no accents, no case (Cloud Healthcare: fuzzy matching)."""
    marked = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in marked if c in _VOICED or not unicodedata.combining(c))
    # Composed again, so that the mark of a kana, or the end of a Hangul syllable, is no further letter.
    return [token for token in _TOKENS.split(unicodedata.normalize("NFC", plain.casefold())) if token]


def store_id(tx: sqlite3.Connection, name: str) -> int:
    """The number of a store in the tables, made on first use."""
    row = tx.execute("SELECT id FROM dicom_stores WHERE name = ?", (name,)).fetchone()
    if row is None:
        row = tx.execute("INSERT INTO dicom_stores(name) VALUES(?) RETURNING id", (name,)).fetchone()
    return int(row[0])


def insert(
    tx: sqlite3.Connection, store: int, instance: Instance, file: Stored, storage_class: str, updated: str, version: int
) -> Outcome:
    """Insert an instance unless one with its three UIDs is there; tell whether that one has the same bytes."""
    there = tx.execute(_THERE, (instance.series, instance.uid, store, instance.study)).fetchone()
    study, series, size, crc32c = there or (None, None, None, None)
    if size is not None:
        return "identical" if (size, crc32c) == (file.size, file.crc32c) else "different"
    study = study or _new_study(tx, store, instance)
    series = series or _new_series(tx, store, study, instance)
    row = tx.execute(
        "INSERT INTO dicom_instances(store, study, series, uid, sop_class, syntax, frames, blob, size, crc32c,"
        " storage_class, version, updated, structured, found, joined) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " RETURNING id",
        (
            store,
            study,
            series,
            instance.uid,
            instance.sop_class,
            instance.syntax,
            instance.frames,
            file.blob,
            file.size,
            file.crc32c,
            storage_class,
            version,
            updated,
            instance.structured,
            instance.found,
            instance.joined,
        ),
    ).fetchone()
    tx.execute("INSERT INTO dicom_metadata VALUES(?,?,?)", (row[0], instance.document, instance.bulk))
    return "stored"


# One statement rather than three: Python's lock changes hands with each, and a store under load waits for it.
_THERE = (
    "SELECT s.id, e.id, i.size, i.crc32c FROM dicom_studies s"
    " LEFT JOIN dicom_series e ON e.study = s.id AND e.uid = ?"
    " LEFT JOIN dicom_instances i ON i.series = e.id AND i.uid = ? WHERE s.store = ? AND s.uid = ?"
)


def describe(tx: sqlite3.Connection, store: int, study: int, series: int, one: Instance) -> None:
    """Let a study and a series be found by what one instance says of them."""
    tx.execute(
        "UPDATE dicom_studies SET patient_id = ?, accession = ?, study_date = ?, found = ?, attributes = ?"
        " WHERE id = ?",
        (one.patient_id, one.accession, one.study_date, one.study_found, one.study_attributes, study),
    )
    tx.execute("DELETE FROM dicom_names WHERE study = ?", (study,))
    names = [(store, kind, value, study) for kind, value in one.names]
    tx.executemany("INSERT OR IGNORE INTO dicom_names VALUES(?,?,?,?)", names)
    tx.execute(
        "UPDATE dicom_series SET modality = ?, found = ?, joined = ?, attributes = ? WHERE id = ?",
        (one.modality, one.series_found, one.series_joined, one.series_attributes, series),
    )


def _new_study(tx: sqlite3.Connection, store: int, instance: Instance) -> int:
    row = tx.execute(
        "INSERT INTO dicom_studies(store, uid, patient_id, accession, study_date, found, attributes)"
        " VALUES(?,?,?,?,?,?,?) RETURNING id",
        (
            store,
            instance.study,
            instance.patient_id,
            instance.accession,
            instance.study_date,
            instance.study_found,
            instance.study_attributes,
        ),
    ).fetchone()
    names = [(store, kind, value, row[0]) for kind, value in instance.names]
    tx.executemany("INSERT OR IGNORE INTO dicom_names VALUES(?,?,?,?)", names)
    return int(row[0])


def _new_series(tx: sqlite3.Connection, store: int, study: int, instance: Instance) -> int:
    row = tx.execute(
        "INSERT INTO dicom_series(store, study, uid, modality, found, joined, attributes)"
        " VALUES(?,?,?,?,?,?,?) RETURNING id",
        (
            store,
            study,
            instance.series,
            instance.modality,
            instance.series_found,
            instance.series_joined,
            instance.series_attributes,
        ),
    ).fetchone()
    return int(row[0])
