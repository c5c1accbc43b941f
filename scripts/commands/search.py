"""`search`: find studies, series or instances in the DICOM store."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scripts.connection import connect
from scripts.console import JsonOption, OutputsOption, StackOption, print_json, print_table, remark
from scripts.dicomweb import DicomWeb, filters, value
from scripts.errors import UsageError


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
    level: Annotated[Level, typer.Argument(help="What to search for.")],
    filter_: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Such as PatientID=00000001 or StudyDate=20200101-20201231."),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 means all.")] = 100,
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Match PatientName by the beginnings of its words.")] = False,
    includefield: Annotated[
        list[str] | None, typer.Option(help="One more attribute to show, by keyword or tag, or `all`. Repeatable.")
    ] = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the DICOM store (QIDO-RS).

    Studies can be searched by StudyInstanceUID, PatientName, PatientID, AccessionNumber, ReferringPhysicianName and
    StudyDate; series also by SeriesInstanceUID and Modality; instances also by SOPInstanceUID.
    """
    shown = list(includefield or [])
    parameters = filters(filter_ or []) + [("includefield", each) for each in shown]
    if fuzzy:
        parameters.append(("fuzzymatching", "true"))
    columns = _columns(level, [each for each in shown if each != "all"])
    with connect(stack, outputs) as target:
        found = list(DicomWeb(target).search(f"/{level}", parameters, limit or None))
    if as_json:
        print_json(found)
    else:
        print_table(list(columns), [[value(each, tag) for tag in columns.values()] for each in found])
    if limit and len(found) == limit:
        remark(f"These are the first {limit:,}; there may be more: --limit 0 shows all.")


def _columns(level: Level, more: list[str]) -> dict[str, str]:
    """The columns of the table and the tags they show. Raises UsageError for an unknown keyword."""
    import re

    from pydicom.datadict import keyword_for_tag, tag_for_keyword

    columns = {}
    for name in [*_COLUMNS[level], *more]:
        if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
            columns[keyword_for_tag(int(name, 16)) or name.upper()] = name.upper()
            continue
        tag = tag_for_keyword(name)
        if tag is None:
            raise UsageError(f"{name} is neither a DICOM keyword nor a tag of 8 digits.")
        columns[name] = f"{tag:08X}"
    return columns
