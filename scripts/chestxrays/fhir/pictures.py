"""What a DICOM store says of each instance, as far as FHIR wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.dicomweb import DicomWeb, Json, value

_PAGE = 2000
"""Instances a request."""
_FIELDS = {
    "study": "0020000D",
    "series": "0020000E",
    "instance": "00080018",
    "sop_class": "00080016",
    "number": "00200013",
    "series_number": "00200011",
    "modality": "00080060",
    "description": "00081030",
    "date": "00080020",
    "patient": "00100020",
    "sex": "00100040",
    "birth_date": "00100030",
}
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")


@dataclass(frozen=True, slots=True)
class Picture:
    """One instance: texts as DICOM has them, "" for what it lacks."""

    study: str
    series: str
    instance: str
    sop_class: str
    number: str
    series_number: str
    modality: str
    description: str
    date: str
    patient: str
    sex: str
    birth_date: str

    @classmethod
    def of(cls, found: Json) -> Picture:
        """An instance from a search's DICOM JSON."""
        return cls(**{name: value(found, tag).strip() for name, tag in _FIELDS.items()})


def pictures_in(web: DicomWeb) -> Iterator[Picture]:
    """All instances of a store."""
    wanted = [("includefield", tag) for tag in _FIELDS.values()]
    for found in web.search("/instances", wanted, None, _PAGE):
        yield Picture.of(found)


def day(text: str) -> str:
    """A DICOM date (DA) as FHIR writes it; "" for what is none."""
    found = _DAY.fullmatch(text)
    return "-".join(found.groups()) if found else ""
