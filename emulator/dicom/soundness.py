"""Which element of DICOM JSON is the one that can't be written: what a refusal names."""

import re
from typing import Any

Json = dict[str, Any]

_TAG = re.compile(r"[0-9A-Fa-f]{8}")


def unsound(elements: Json) -> str:
    """Say where DICOM JSON is not sound: ` at (gggg,eeee)`, the first element that can't be written alone, or "".

    Of an element only the tag is told, since its value may be a patient's.
    """
    for tag, element in elements.items():
        if not _TAG.fullmatch(tag):
            return ": a key is no tag of eight hexadecimal digits"
        if isinstance(element, dict) and "BulkDataURI" in element:
            continue
        if not _can_be_written(tag, element):
            return f" at ({tag[:4].upper()},{tag[4:].upper()})"
    return ""


def _can_be_written(tag: str, element: object) -> bool:
    from pydicom import Dataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    try:
        write_dataset(buffer, Dataset.from_json({tag: element}))
    except Exception:  # noqa: BLE001 (pydicom raises what the value's type suggests)
        return False
    return True
