"""Storing DICOM JSON with bulk data in further parts (PS3.18 10.5.1.1; Cloud Healthcare's limits to it)."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import orjson

from emulator.dicom import syntaxes
from emulator.dicom.errors import DicomError
from emulator.dicom.media import parse_media_type
from emulator.dicom.soundness import unsound
from emulator.errors import invalid_argument
from emulator.gateway import unpacking
from emulator.gateway.multipart import PartData, PartStart, events

Json = dict[str, Any]

MAX_METADATA = 64 << 20
_PIXELS = "7FE00010"
_REQUIRED = {
    "00080005": "SpecificCharacterSet",
    "00020010": "TransferSyntaxUID",
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
}
_REFUSED = (syntaxes.BIG_ENDIAN, syntaxes.DEFLATED)


async def files(chunks: AsyncIterator[bytes], boundary: str) -> AsyncIterator[bytes]:
    """The DICOM files that a body describes: the metadata part first, then its bulk parts; 400 if it does not."""
    metadata = bytearray()
    bulk: dict[str, tuple[str, bytearray]] = {}
    target: bytearray | None = None
    try:
        async for event in events(chunks, boundary):
            if isinstance(event, PartStart):
                unpacking.require_plain_part(event.headers)
                kind = event.headers.get("content-type", "")
                if parse_media_type(kind).name in ("application/dicom+json", "application/json"):
                    target = metadata
                else:
                    target = bytearray()
                    bulk[event.headers.get("content-location", "")] = (kind, target)
            elif isinstance(event, PartData) and target is not None:
                target += event.data
                if target is metadata and len(metadata) > MAX_METADATA:
                    raise DicomError(f"The metadata is larger than {MAX_METADATA} bytes.")
        datasets = _datasets(bytes(metadata))
        for number, dataset in enumerate(datasets, 1):
            yield _file(dataset, bulk, number)
    except DicomError as problem:
        raise invalid_argument(str(problem)) from None


def _datasets(metadata: bytes) -> list[Json]:
    try:
        found = orjson.loads(metadata)
    except orjson.JSONDecodeError:
        raise DicomError("The first part is not JSON.") from None
    found = found if isinstance(found, list) else [found]
    if not found or not all(isinstance(dataset, dict) for dataset in found):
        raise DicomError("The metadata must be a DICOM JSON object or an array of them.")
    return found


def _file(dataset: Json, bulk: dict[str, tuple[str, bytearray]], number: int) -> bytes:
    """Write one instance as a DICOM file."""
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset

    for tag, keyword in _REQUIRED.items():
        if not (dataset.get(tag) or {}).get("Value"):
            raise DicomError(f"Instance {number} of the metadata lacks {keyword} ({tag[:4]},{tag[4:]}).")
    syntax = str(dataset["00020010"]["Value"][0])
    if dataset["00080005"]["Value"] != ["ISO_IR 192"]:
        raise DicomError("SpecificCharacterSet of DICOM JSON must be ISO_IR 192.")
    if syntax in _REFUSED:
        raise DicomError(f"Transfer syntax {syntax} cannot be stored as DICOM JSON.")
    references = [tag for tag, element in dataset.items() if "BulkDataURI" in (element or {})]
    if len(references) > 1 or (references and references != [_PIXELS]):
        raise DicomError("An instance can refer to one bulk part, its PixelData (7FE0,0010).")
    pixels = _bulk(dataset.pop(_PIXELS), bulk) if references else None
    try:
        read = Dataset.from_json({tag: element for tag, element in dataset.items() if not tag.startswith("0002")})
        meta = FileMetaDataset(Dataset.from_json({t: e for t, e in dataset.items() if t.startswith("0002")}))
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = read.SOPClassUID, read.SOPInstanceUID
        read.file_meta = meta
        if pixels is not None:
            _set_pixels(read, syntax, pixels)
        target = BytesIO()
        read.save_as(target, enforce_file_format=True)
    except Exception as problem:  # noqa: BLE001 (pydicom raises what the value's type suggests)
        raise DicomError(
            f"Instance {number} of the metadata is not sound DICOM JSON{unsound(dataset)} ({type(problem).__name__})."
        ) from None
    return target.getvalue()


def _bulk(element: Json, bulk: dict[str, tuple[str, bytearray]]) -> bytes:
    uri = str(element["BulkDataURI"])
    if uri not in bulk:
        raise DicomError("A BulkDataURI of the metadata is the Content-Location of no part.")
    return bytes(bulk[uri][1])


def _set_pixels(dataset: Any, syntax: str, pixels: bytes) -> None:
    from pydicom.encaps import encapsulate

    if syntax in syntaxes.NATIVE:
        wide = syntax == syntaxes.IMPLICIT or int(dataset.get("BitsAllocated", 8)) > 8
        dataset.add_new(0x7FE00010, "OW" if wide else "OB", pixels + b"\0" * (len(pixels) % 2))
    else:
        dataset.add_new(0x7FE00010, "OB", encapsulate([pixels]))
        dataset["PixelData"].is_undefined_length = True
