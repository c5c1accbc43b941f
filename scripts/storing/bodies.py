"""What one file sends to the store: a DICOM file as it is, or DICOM JSON with the bulk part that it refers to."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.dicomweb import ResourcePath, value
from scripts.loading.dicom_files import NotStorable, read_uids

DICOM = "application/dicom"
_DICOM_JSON = "application/dicom+json"
_ZIP = b"PK\x03\x04"
_UID_TAGS = ("0020000D", "0020000E", "00080018")


@dataclass(frozen=True)
class Body:
    """One instance on its way: whose it is, the bytes or the file that holds them, their number, Content-Type."""

    instance: ResourcePath
    content: Path | bytes
    size: int
    content_type: str


def read_body(path: Path) -> Body:
    """The body of the file at `path`; NotStorable, in one sentence without a full stop, when it can't be stored.

    A file `*.json` is DICOM JSON (PS3.18 F) of one instance; its PixelData may be a BulkDataURI that names a file
    beside it. The sentence holds no value of the file.
    """
    try:
        if path.suffix.lower() == ".json":
            return _json_body(path)
        with path.open("rb") as file:
            if file.read(4) == _ZIP:
                raise NotStorable("The file is a zip archive: unpack it and name the folder")
        return Body(ResourcePath(*read_uids(path)), path, path.stat().st_size, DICOM)
    except OSError as error:
        raise NotStorable(f"The file cannot be read: {error.strerror}") from None


def _json_body(path: Path) -> Body:
    dataset = _dataset(path)
    uids = [value(dataset, tag) for tag in _UID_TAGS]
    if not all(uids):
        raise NotStorable("The DICOM JSON lacks a UID of its study, series or instance")
    parts = [(_DICOM_JSON, "", json.dumps([dataset]).encode())]
    for element in dataset.values():
        uri = element.get("BulkDataURI") if isinstance(element, dict) else None
        if isinstance(uri, str):
            bulk = path.parent / uri
            if Path(uri).name != uri or not bulk.is_file():
                raise NotStorable("The DICOM JSON refers to bulk data that is no file beside it")
            parts.append(("application/octet-stream", uri, bulk.read_bytes()))
    boundary = uuid.uuid4().hex
    content = b"".join(_part(boundary, *part) for part in parts) + f"--{boundary}--\r\n".encode()
    kind = f'multipart/related; type="{_DICOM_JSON}"; boundary={boundary}'
    return Body(ResourcePath(*uids), content, len(content), kind)


def _dataset(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        raise NotStorable("The file is not JSON") from None
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, list) and len(found) > 1:
        raise NotStorable("The file holds several instances: DICOM JSON is stored one instance a file")
    if not isinstance(found, dict) or not all(isinstance(found.get(tag, {}), dict) for tag in _UID_TAGS):
        raise NotStorable("The file is not DICOM JSON of an instance")
    return found


def _part(boundary: str, kind: str, location: str, data: bytes) -> bytes:
    place = f"Content-Location: {location}\r\n" if location else ""
    return f"--{boundary}\r\nContent-Type: {kind}\r\n{place}\r\n".encode() + data + b"\r\n"
