"""What DICOM files in a bucket are called, by their first bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud import storage

_HEAD_BYTES = 16384
"""Within which a file's UIDs are: they come before its pixels and all but a few sequences."""
_KEYWORDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


def uids_in(bucket: storage.Bucket, name: str) -> tuple[str, str, str] | None:
    """The UIDs of study, series and instance of the DICOM object `name`; None where its first bytes do not tell."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    head = bucket.blob(name).download_as_bytes(start=0, end=_HEAD_BYTES - 1, checksum=None)
    try:
        header = dcmread(io.BytesIO(head), stop_before_pixels=True, specific_tags=list(_KEYWORDS))
        study, series, instance = (str(header[keyword].value) for keyword in _KEYWORDS)
    except (InvalidDicomError, KeyError, EOFError):
        return None
    return study, series, instance


def instance_uid_in(bucket: storage.Bucket, name: str) -> str | None:
    """The SOPInstanceUID of the DICOM object `name`; None where its first bytes do not tell."""
    uids = uids_in(bucket, name)
    return uids[2] if uids else None
