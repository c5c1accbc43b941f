"""`search`: find studies, series or instances in the DICOM store."""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.connection import connect
from scripts.console import note, print_json, print_table
from scripts.dicomweb import DicomWeb, Json, filters, value
from scripts.errors import UsageError
from scripts.selection import is_pattern, is_searchable


class Level(StrEnum):
    """What is searched for."""

    STUDIES = "studies"
    SERIES = "series"
    INSTANCES = "instances"


_COLUMNS = {
    Level.STUDIES: ("PatientID", "PatientName", "StudyDate", "AccessionNumber", "StudyInstanceUID"),
    Level.SERIES: ("Modality", "SeriesDescription", "StudyInstanceUID", "SeriesInstanceUID"),
    Level.INSTANCES: (
        "InstanceNumber",
        "Rows",
        "Columns",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
    ),
}


def search(
    level: Annotated[Level, typer.Argument(metavar="LEVEL", help="What to search for.")],
    filter_: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Such as PatientID=00000001 or StudyDate=20200101-20201231."),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 means all.")] = 100,
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Match PatientName by the beginnings of its words.")] = False,
    includefield: Annotated[
        list[str] | None, typer.Option(help="One more attribute to show, by keyword or tag, or `all`. Repeatable.")
    ] = None,
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the DICOM store (QIDO-RS).

    Google matches a value exactly. One with `*` or `?` is matched here, among all that the other filters find.

    Studies can be searched by StudyInstanceUID, PatientName, PatientID, AccessionNumber, ReferringPhysicianName and
    StudyDate; series also by SeriesInstanceUID and Modality; instances also by SOPInstanceUID.
    """
    shown = list(includefield or [])
    exact, patterns = _split(level, filters(filter_ or []))
    parameters = exact + [("includefield", each) for each in dict.fromkeys([*shown, *patterns])]
    if fuzzy:
        parameters.append(("fuzzymatching", "true"))
    columns = _columns(level, [each for each in shown if each != "all"])
    with connect(stack, outputs, store=in_store) as target:
        matches = DicomWeb(target).search(f"/{level}", parameters, None if patterns else limit or None)
        found = list(islice((each for each in matches if _fits(each, patterns)), limit or None))
    if as_json:
        print_json(found)
    else:
        print_table(list(columns), [[value(each, tag) for tag in columns.values()] for each in found])
    if limit and len(found) == limit:
        note(f"These are the first {limit:,}; there may be more: --limit 0 shows all.")


def _split(level: Level, pairs: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The filters that the store matches, or refuses, and by keyword or tag those with wildcards."""
    patterns = {key: wanted for key, wanted in pairs if is_pattern(wanted) and is_searchable(key, level)}
    return [(key, wanted) for key, wanted in pairs if key not in patterns], patterns


def _fits(found: Json, patterns: dict[str, str]) -> bool:
    from fnmatch import fnmatchcase

    return all(fnmatchcase(value(found, tag_of(key)), wanted) for key, wanted in patterns.items())


def _columns(level: Level, more: list[str]) -> dict[str, str]:
    """The columns of the table and the tags they show. Raises UsageError for an unknown keyword."""
    from pydicom.datadict import keyword_for_tag

    columns = {}
    for name in [*_COLUMNS[level], *more]:
        tag = tag_of(name)
        columns[name if tag != name.upper() else keyword_for_tag(int(tag, 16)) or tag] = tag
    return columns


def tag_of(name: str) -> str:
    """The tag of a keyword, or of a tag, in 8 capital digits. Raises UsageError when it is neither."""
    from pydicom.datadict import tag_for_keyword

    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        return name.upper()
    tag = tag_for_keyword(name)
    if tag is None:
        raise UsageError(f"{name} is neither a DICOM keyword nor a tag of 8 digits.")
    return f"{tag:08X}"
