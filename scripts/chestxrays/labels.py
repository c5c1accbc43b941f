"""Reads the lists that come with chest X-rays: NIH's and Kaggle's CSVs in their real shapes, or a CSV of one's own.

A line that can't be read is left out and reported, and the rest goes on: one bad line of 112,120 is no reason to load
nothing. A report names file and line and what is wrong, never a value of the line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import PurePosixPath
from types import MappingProxyType

from scripts.chestxrays.records import FINDINGS, NO_FINDING, TEST, TRAIN, Box, FilmRecord
from scripts.chestxrays.uids import NIH_RELEASES
from scripts.errors import UsageError

OLDEST = 120
"""Years: a greater age, such as the 411 of NIH's list of 2017, counts as unknown."""

MOST_ID_BYTES = 64
"""Of a PatientID: LO has 64 characters (PS3.5 6.2), which many a PACS counts as bytes."""

# Names of columns without spaces, hyphens, underscores and #, in small letters. The brackets are real: NIH wrote
# `OriginalImage[Width,Height]` without quotes, so that every CSV reader sees two columns.
_COLUMNS = {
    "index": ("imageindex", "image", "imagename", "imagefile", "imageid", "imagepath", "filename", "file", "path"),
    "findings": ("findinglabels", "findinglabel", "findings", "finding", "labels", "label"),
    "follow_up": ("followup", "followupnumber", "visit"),
    "patient": ("patientid", "patient", "subjectid", "subject"),
    "age": ("patientage", "age"),
    "sex": ("patientgender", "patientsex", "gender", "sex"),
    "view": ("viewposition", "view", "projection", "ap/pa"),
    "width": ("originalimage[width", "originalimagewidth", "originalwidth"),
    "height": ("height]", "originalimage[height", "originalimageheight", "originalheight"),
    "spacing_x": ("originalimagepixelspacing[x", "originalimagepixelspacingx", "pixelspacingx", "spacingx"),
    "spacing_y": ("y]", "originalimagepixelspacing[y", "originalimagepixelspacingy", "pixelspacingy", "spacingy"),
    "split": ("split", "fold"),
}
KEYS = tuple(_COLUMNS)
"""What a column may hold, as `--column KEY=NAME` calls it."""

Columns = Mapping[str, str]
"""Which column holds what, where its name does not tell: keys of KEYS, names as the list's first line has them."""

NONE: Columns = MappingProxyType({})
_NIH_NEEDS = ("index", "findings", "patient", "age", "sex", "view")

# The labels of CheXpert and MIMIC-CXR (Irvin et al. 2019, table 1) that are none of NIH's.
_CHEXPERT = (
    "Enlarged Cardiomediastinum",
    "Lung Opacity",
    "Lung Lesion",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)
_DELIMITERS = ",;\t|"
_YES = frozenset(("1", "1.0", "true", "yes"))
_PERSON = re.compile(r"(?:patient|person|subject|p)[-_]?\d+", re.IGNORECASE)
_SEXES = {"m": "M", "male": "M", "f": "F", "female": "F"}
_VIEWS = {"PA": "PA", "AP": "AP"}
_SPLITS = {
    "train": TRAIN,
    "val": TRAIN,
    "valid": TRAIN,
    "train_val": TRAIN,
    "trainval": TRAIN,
    "test": TEST,
}
_AGE = re.compile(r"(\d{1,3})(?:\.\d+)?([YMWDymwd]?)", re.ASCII)
_NIH_NAME = re.compile(r"(\d{8})_\d{3}\.png", re.ASCII)
_NUMBER = re.compile(r"(?:\d{1,9}(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2})?", re.ASCII)
_UNWRITABLE = re.compile(r"[\\\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Labels:
    """What a list says: a record for each film, in the list's order, and a sentence for each line left out."""

    records: tuple[FilmRecord, ...]
    problems: tuple[str, ...]


class _BadLine(Exception):
    """What is wrong with a line, as the middle of a sentence."""


def image_columns(header: list[str], columns: Columns = NONE) -> Mapping[str, int]:
    """Which column of `header` holds what: keys are FilmRecord's, with `patient`, `spacing_x` and `spacing_y`.

    `columns` goes before what the names tell. `index` is missing when no column names images.
    """
    plain = [_plain(name) for name in header]
    found = {}
    for key, names in _COLUMNS.items():
        for name in (_plain(columns[key]),) if key in columns else names:
            if name in plain:
                found[key] = plain.index(name)
                break
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s_#-]", "", name).lower()


def finding_columns(header: list[str], columns: Mapping[str, int]) -> Mapping[str, int]:
    """The columns that are a finding each, with 1 in the rows that have it: the findings' names and places.

    As CheXpert and MIMIC-CXR have it, whose own names are known beside NIH's. None where one column names them all.
    """
    if "findings" in columns:
        return {}
    known = {_plain(name): name for name in _CHEXPERT}
    found = {}
    for place, name in enumerate(header):
        finding = finding_named(name) or known.get(_plain(name))
        if finding and place not in columns.values():
            found[finding] = place
    return found


def read_films(
    lines: Iterable[str],
    file: str,
    version: str,
    boxes: Mapping[str, tuple[Box, ...]] | None = None,
    splits: Mapping[str, str] | None = None,
    names: Columns = NONE,
) -> Labels:
    """The films of one list: `lines` of the CSV, `file` how reports name it, `version` as in FilmRecord.

    NIH's releases are read strictly (eight-digit patients, the fourteen findings); in a list of one's own only the
    image's name is needed, and findings may be any words; `names` says which column is which. Raises UsageError when
    the first line lacks a needed column.
    """
    numbered = rows(lines)
    _, header = next(numbered, (1, []))
    columns = image_columns(header, names)
    nih = version in NIH_RELEASES
    missing = [key for key in (_NIH_NEEDS if nih else ("index",)) if key not in columns]
    if missing:
        wanted = ", ".join(missing).replace("index", "the image's name")
        raise UsageError(
            f"{file} has no column for {wanted}: its first line must name the columns, such as"
            " `Image Index,Finding Labels,Patient ID`, or --column must say which one it is, as in --column index=NAME."
        )
    if unknown := [f"`{name}`" for key, name in names.items() if key not in columns]:
        raise UsageError(f"{file} has no column {', '.join(unknown)}: its columns are {', '.join(header)}.")
    one_each = {} if nih else finding_columns(header, columns)
    reader = _Reader(columns, one_each, version, boxes or {}, splits or {}, nih=nih)
    records: dict[str, FilmRecord] = {}
    problems = []
    for number, row in numbered:
        try:
            record = reader.record(row)
            if record.index in records:
                raise _BadLine("names an image that an earlier line names")
            records[record.index] = record
        except _BadLine as error:
            problems.append(_left_out(file, number, str(error)))
    return Labels(tuple(records.values()), tuple(problems))


def read_boxes(lines: Iterable[str], file: str) -> tuple[dict[str, tuple[Box, ...]], tuple[str, ...]]:
    """The boxes of each image in `BBox_List_2017.csv`, and a sentence for each line left out.

    The list calls Infiltration `Infiltrate`; its header ends in three empty names, as `Bbox [x,y,w,h],,,`.
    """
    boxes: dict[str, tuple[Box, ...]] = {}
    problems = []
    numbered = rows(lines)
    next(numbered, None)
    for number, row in numbered:
        try:
            if len(row) < 6:
                raise _BadLine(f"has {len(row)} of 6 columns")
            x, y, width, height = (_measure(text, "box's side or corner") for text in row[2:6])
            if width <= 0 or height <= 0:
                raise _BadLine("has a box without an area")
            box = Box(_finding(row[1], strict=True), x, y, width, height)
        except _BadLine as error:
            problems.append(_left_out(file, number, str(error)))
            continue
        name = row[0].strip()
        boxes[name] = (*boxes.get(name, ()), box)
    return boxes, tuple(problems)


def read_split(lines: Iterable[str], split: str) -> dict[str, str]:
    """`split` for each image of `train_val_list.txt` or `test_list.txt`, which hold a name on each line."""
    return {name: split for line in lines if (name := line.strip())}


def finding_named(word: str) -> str | None:
    """One of FINDINGS or NO_FINDING that `word` means, whatever its case; None for any other word."""
    return _known().get(re.sub(r"[\s_-]+", "", word).lower())


@cache
def _known() -> dict[str, str]:
    names = {re.sub(r"[\s_-]+", "", name).lower(): name for name in (*FINDINGS, NO_FINDING)}
    return names | {"infiltrate": "Infiltration"}


def split_named(word: str) -> str | None:
    """TRAIN or TEST, whichever `word` means, in any case; None for any other word. NIH has train and val in one."""
    return _SPLITS.get(word.lower())


def rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with their line numbers; a byte order mark in front is dropped.

    Cells are parted by what the first line has most of: commas, semicolons (as spreadsheets write them where a comma is
    for decimals), tabs or bars.
    """
    clean = (line.lstrip("\ufeff").replace("\x00", "") for line in lines)
    first = next(clean, "")
    reader = csv.reader(chain((first,), clean), delimiter=max(_DELIMITERS, key=_unquoted(first).count))
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            row = []
            yield reader.line_num, row
            continue
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def _unquoted(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _left_out(file: str, number: int, what: str) -> str:
    return f"{file}, line {number}: the line {what}, so its film was left out; mend the line and load again."


class _Reader:
    """Makes records of rows whose columns are known."""

    def __init__(
        self,
        columns: Mapping[str, int],
        one_each: Mapping[str, int],
        version: str,
        boxes: Mapping[str, tuple[Box, ...]],
        splits: Mapping[str, str],
        *,
        nih: bool,
    ) -> None:
        self._columns = columns
        self._one_each = one_each
        self._fewest = 1 + max(columns[key] for key in columns if nih or key == "index")
        self._version = version
        self._boxes = boxes
        self._splits = splits
        self._nih = nih

    def record(self, row: list[str]) -> FilmRecord:
        """The film of `row`. Raises _BadLine."""
        if len(row) < self._fewest:
            raise _BadLine(f"has {len(row)} of {self._fewest} columns")
        index = self._cell(row, "index")
        if not self._nih:
            index = index.replace("\\", "/").removeprefix("./").lstrip("/")
        if not index or ".." in index.split("/") or _UNWRITABLE.search(index):
            raise _BadLine("has no image name that can be written")
        age = _age(self._cell(row, "age"))
        spacing_x, spacing_y = (_positive(self._cell(row, key), "pixel spacing") for key in ("spacing_x", "spacing_y"))
        width, height = (_positive(self._cell(row, key), "width or height") for key in ("width", "height"))
        return FilmRecord(
            index=index,
            patient_id=self._patient(row, index),
            follow_up=_whole(self._cell(row, "follow_up") or "0", "follow-up"),
            findings=self._findings(row),
            age=age,
            sex=_SEXES.get(self._cell(row, "sex").lower(), ""),
            view=_VIEWS.get(self._cell(row, "view").upper(), ""),
            width=int(width) if width else None,
            height=int(height) if height else None,
            spacing=(spacing_x, spacing_y) if spacing_x and spacing_y else None,
            boxes=self._boxes.get(index, ()),
            split=self._splits.get(index) or split_named(self._cell(row, "split")) or "",
            version=self._version,
        )

    def _cell(self, row: list[str], key: str) -> str:
        place = self._columns.get(key)
        return row[place].strip() if place is not None and place < len(row) else ""

    def _findings(self, row: list[str]) -> tuple[str, ...]:
        """What the column of findings says, or the columns of which each is one."""
        if not self._one_each:
            return _findings(self._cell(row, "findings"), strict=self._nih)
        having = (name for name, place in self._one_each.items() if place < len(row) and _is_one(row[place]))
        return tuple(name for name in having if name != NO_FINDING)

    def _patient(self, row: list[str], index: str) -> str:
        text = self._cell(row, "patient")
        if not self._nih:
            # A patient for each image: without a column or a folder nobody knows which images are of one person.
            text = text or _person_in(index) or PurePosixPath(index).with_suffix("").as_posix()
            if len(text.encode()) > MOST_ID_BYTES or _UNWRITABLE.search(text):
                raise _BadLine(f"has a patient id of over {MOST_ID_BYTES} bytes, or with a backslash")
            return text
        number = _NIH_NAME.fullmatch(index)
        if not number:
            raise _BadLine("has no image name like 00012345_006.png")
        if not text or text.zfill(8) != number[1]:
            raise _BadLine("has another patient id than its image's name")
        return number[1]


def _is_one(text: str) -> bool:
    """Whether a finding's own column says yes: 1 or 1.0. CheXpert's -1 is uncertain, 0 and nothing are no."""
    return text.strip().lower() in _YES


def _person_in(index: str) -> str:
    """The folder of a path that is a patient's, as CheXpert has it: `train/patient00001/study1/view1_frontal.jpg`."""
    return next((part for part in PurePosixPath(index).parts[:-1] if _PERSON.fullmatch(part)), "")


@cache
def _findings(text: str, *, strict: bool) -> tuple[str, ...]:
    """Cached: the 112,120 films have 836 combinations, and share their tuples."""
    found = [_finding(word, strict=strict) for word in text.split("|") if word.strip()]
    if strict and not found:
        raise _BadLine("has no finding, and not No Finding either")
    return tuple(dict.fromkeys(name for name in found if name != NO_FINDING))


def _finding(word: str, *, strict: bool) -> str:
    known = finding_named(word)
    if known is None and strict:
        raise _BadLine("has a finding that is none of the fourteen")
    return known or " ".join(_UNWRITABLE.sub(" ", word).split())


def _age(text: str) -> int | None:
    """Whole years. The sample writes `060Y`, `011M`, `003D` as DICOM does; months and days count as no year."""
    if not text:
        return None
    match = _AGE.fullmatch(text)
    if not match:
        raise _BadLine("has an age that is no number")
    number, unit = int(match[1]), match[2].upper() or "Y"
    years = number // {"Y": 1, "M": 12, "W": 52, "D": 365}[unit]
    return years if years <= OLDEST else None


def _whole(text: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}(\.0+)?", text):
        raise _BadLine(f"has a {what} that is no whole number")
    return int(text.partition(".")[0])


def _positive(text: str, what: str) -> float | None:
    """None where the list has nothing, or zero, which no image has."""
    return (_measure(text, what) or None) if text else None


def _measure(text: str, what: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else -1
    if not 0 <= value < 1e6:
        raise _BadLine(f"has a {what} that is no number from 0 up")
    return value
