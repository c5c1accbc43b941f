"""The UIDs of a film: the same image has the same ones on every machine, for ever.

Rule: `2.25.` and the decimal value of a UUID (PS3.5 B.2), which is version 5 (RFC 9562 5.5: SHA-1 of a name) in the
namespace below. The name is `SET/LEVEL/KEY`:

- SET is `nih-chest-xrays` for NIH's releases ("2017", "v2020", "sample"), whichever the labels are from, and
  FilmRecord.version, the set's name, for a set of one's own, which is none of NIH_NAMES.
- LEVEL is `patient`, `study`, `series` or `instance`.
- KEY is the PatientID of a patient. In NIH's releases it is the Image Index for the rest, because the release of 2020
  numbers follow-ups anew (`00000003_001.png` is follow-up 1 in one list and 0 in the other) and the same image must not
  move to another study with it; each of its images is one visit. In a list of one's own it is `PATIENT/FOLLOW-UP` for
  the study and the Image Index for series and instance, so that two images of one visit share a study.

Nothing of the pixels goes in: a list can be joined to the store without the images.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid5

from scripts.chestxrays.records import FilmRecord

NAMESPACE = UUID("0a6d1c52-7f0e-5b43-9c0e-3d5d1f6b8e14")
"""Drawn once; another one would give every film other UIDs."""

NIH_RELEASES = frozenset(("2017", "v2020", "sample"))
"""FilmRecord.version of NIH's own lists, which all name the same images."""

NIH_SET = "nih-chest-xrays"
"""What stands for all of them in names."""

NIH_NAMES = NIH_RELEASES | {NIH_SET}
"""What no set of one's own may be called: its films would have the UIDs of NIH's."""


class FilmUids(NamedTuple):
    """What a film is called in DICOM: StudyInstanceUID, SeriesInstanceUID and SOPInstanceUID."""

    study: str
    series: str
    instance: str


def patient_uid(record: FilmRecord) -> str:
    """A UID for the record's patient, for what refers to one by UID."""
    return _uid(record, "patient", record.patient_id)


def study_uid(record: FilmRecord) -> str:
    """The StudyInstanceUID."""
    return _uid(record, "study", record.index if is_nih(record) else f"{record.patient_id}/{record.follow_up}")


def series_uid(record: FilmRecord) -> str:
    """The SeriesInstanceUID: a series for each film."""
    return _uid(record, "series", record.index)


def instance_uid(record: FilmRecord) -> str:
    """The SOPInstanceUID."""
    return _uid(record, "instance", record.index)


def is_nih(record: FilmRecord) -> bool:
    """Is the record of one of NIH's own lists?"""
    return record.version in NIH_RELEASES


def uid_of(name: str) -> str:
    """The UID of any other `name`, at most 44 characters, in the same namespace."""
    return f"2.25.{uuid5(NAMESPACE, name).int}"


def _uid(record: FilmRecord, level: str, key: str) -> str:
    return uid_of(f"{NIH_SET if is_nih(record) else record.version}/{level}/{key}")
