"""A change of an instance's attributes by a JSON Patch (RFC 6902) on its DICOM JSON. Runs in a process pool."""

import secrets
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.dicom.errors import DicomError
from emulator.dicom.header import BIG_ENDIAN, Bulk, Header, read_header
from emulator.dicom.soundness import unsound
from emulator.dicom.syntaxes import DEFLATED_DATASETS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

Json = dict[str, Any]
Piece = bytes | tuple[int, int]
"""A part of the changed file: new bytes, or the bytes [start, end) of the file that it was made from."""

MAX_OPERATIONS = 1000
MAX_GROWTH = 1 << 20
MAX_DEFLATED = 64 << 20
"""Bytes by which copies may make the attributes grow, as JSON: a patch can double them again and again."""

_LEFT_OUT = 1 << 16
"""Bulk values from so many bytes stay in the file: shorter ones may have a length of 16 bits."""
_UNDEFINED = b"\xff\xff\xff\xff"

_FIXED = {
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
}


def check(operations: Any) -> None:
    """Raise DicomError, in one sentence, unless this is a JSON Patch document."""
    import jsonpatch
    import jsonpointer

    if not isinstance(operations, list) or not operations or not all(isinstance(one, dict) for one in operations):
        raise DicomError("The body must be a JSON Patch document (RFC 6902): an array of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise DicomError(f"A JSON Patch can have {MAX_OPERATIONS} operations.")
    try:
        jsonpatch.JsonPatch(operations)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError, ValueError):
        raise DicomError(
            "The body is no sound JSON Patch document (RFC 6902): each operation needs op and path, and value or from."
        ) from None


def patched(path: str, operations: list[Json]) -> list[Piece]:
    """The parts of the file with the operations applied to its attributes; all else is as it is, byte by byte.

    Large values of the dataset itself are not read, so that memory does not grow with them; a deflated file's are, so
    it must be small. DicomError, in one sentence, where an operation does not fit, or touches UIDs, group 0002 or pixel
    data.
    """
    with Path(path).open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        header = read_header(data)
        if header.transfer_syntax in DEFLATED_DATASETS and header.size > MAX_DEFLATED:
            raise DicomError(f"A deflated dataset of more than {MAX_DEFLATED} bytes cannot be changed.")
        after = _applied(header.elements, operations)
        changed = {tag for tag in {*header.elements, *after} if header.elements.get(tag) != after.get(tag)}
        _allow(changed)
        bulk = {one.path: one for one in header.bulk}
        gaps = _gaps(header, changed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            skeleton = _without(data, gaps, header.transfer_syntax)
            found = {tag: after.get(tag) for tag in changed}
            return _filled(_written(skeleton, data, header.transfer_syntax, found, bulk), gaps, header.transfer_syntax)


@dataclass(frozen=True, slots=True)
class _Gap:
    """A value that is left out while the file is changed, and the mark that stands for it."""

    bulk: Bulk
    mark: bytes

    @property
    def end(self) -> int:
        """Where the value ends in the file; the delimiter of fragments belongs to it."""
        return self.bulk.offset + self.bulk.length

    def stand_in(self, endian: str) -> tuple[bytes, bytes]:
        """The length field and the value that stand for it: the mark, or fragments of which it is the only one."""
        if not self.bulk.encapsulated:
            return struct.pack(f"{endian}I", len(self.mark)), self.mark
        item, delimiter = struct.pack("<HHI", 0xFFFE, 0xE000, 0), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        return _UNDEFINED, item + item[:4] + struct.pack("<I", len(self.mark)) + self.mark + delimiter


def _gaps(header: Header, changed: set[str]) -> list[_Gap]:
    """Find the large values that no operation touches, in the order of the file."""
    if header.transfer_syntax in DEFLATED_DATASETS:
        return []
    large = [one for one in header.bulk if one.length >= _LEFT_OUT and "/" not in one.path and one.path not in changed]
    return [_Gap(one, secrets.token_hex(8).encode()) for one in sorted(large, key=lambda one: one.offset)]


def _without(data: mmap, gaps: Sequence[_Gap], syntax: str) -> bytes:
    """The file with a stand-in for each gap."""
    endian, at, parts = ">" if syntax == BIG_ENDIAN else "<", 0, []
    for gap in gaps:
        length, value = gap.stand_in(endian)
        parts += [data[at : gap.bulk.offset - 4], length, value]
        at = gap.end
    return b"".join([*parts, data[at:]])


def _filled(written: bytes, gaps: Sequence[_Gap], syntax: str) -> list[Piece]:
    """Put the bytes of the original file in the place of the stand-ins."""
    endian, at, pieces = ">" if syntax == BIG_ENDIAN else "<", 0, list[Piece]()
    for gap in gaps:
        length, value = gap.stand_in(endian)
        place = written.find(length + value, at)
        if place < 0:
            raise DicomError("The instance's bulk data cannot be kept as it is.")
        real = _UNDEFINED if gap.bulk.encapsulated else struct.pack(f"{endian}I", gap.bulk.length)
        pieces += [written[at:place] + real, (gap.bulk.offset, gap.end)]
        at = place + len(length) + len(value)
    return [*pieces, written[at:]]


def _applied(before: Json, operations: list[Json]) -> Json:
    import jsonpatch
    import jsonpointer

    plain = orjson.dumps(before)
    after: Any = orjson.loads(plain)
    for number, operation in enumerate(operations, 1):
        try:
            after = jsonpatch.JsonPatch([operation]).apply(after, in_place=True)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError, ValueError):
            raise DicomError(f"Operation {number} of the JSON Patch cannot be applied to the metadata.") from None
        if operation.get("op") == "copy" and len(orjson.dumps(after)) > len(plain) + MAX_GROWTH:
            raise DicomError(f"The copies of the JSON Patch add more than {MAX_GROWTH} bytes.")
    if not isinstance(after, dict):
        raise DicomError("The JSON Patch leaves no DICOM JSON object.")
    return after


def _allow(changed: set[str]) -> None:
    for tag in sorted(changed):
        if tag in _FIXED:
            raise DicomError(f"{_FIXED[tag]} ({tag[:4]},{tag[4:]}) cannot be changed by a patch.")
        if len(tag) != 8 or tag.startswith(("0002", "7FE0")):
            raise DicomError("A patch can change data elements only: no group 0002 and no pixel data.")


def _written(skeleton: bytes, data: mmap, syntax: str, changed: Json, bulk: dict[str, Bulk]) -> bytes:
    """Change the elements of a file whose large values have stand-ins."""
    from pydicom import dcmread

    dataset = dcmread(BytesIO(skeleton))
    try:
        new = _elements(changed, data, syntax, bulk)
        if "00080005" not in changed:
            _widen(dataset, changed)
        for tag, element in changed.items():
            if element is not None:
                dataset[int(tag, 16)] = new[int(tag, 16)]
            elif int(tag, 16) in dataset:
                del dataset[int(tag, 16)]
        target = BytesIO()
        dataset.save_as(target, enforce_file_format=True)
    except DicomError:
        raise
    except Exception as problem:  # noqa: BLE001 (pydicom raises what the value's type suggests; it may quote values)
        where = unsound({tag: element for tag, element in changed.items() if element is not None})
        raise DicomError(f"The patched metadata is not sound DICOM JSON{where} ({type(problem).__name__}).") from None
    return target.getvalue()


def _elements(changed: Json, data: mmap, syntax: str, bulk: dict[str, Bulk]) -> "Dataset":
    """Read the changed elements; bulk data in them must be what the instance has already."""
    from pydicom import Dataset

    def value(_tag: str, _vr: str, uri: str) -> bytes:
        one = bulk.get(uri.rpartition("/bulkdata/")[2])
        if one is None or one.encapsulated or syntax in (*DEFLATED_DATASETS, BIG_ENDIAN):
            raise DicomError("A BulkDataURI of the patched metadata names no bulk data of this instance.")
        return bytes(data[one.offset : one.offset + one.length])

    return Dataset.from_json({tag: element for tag, element in changed.items() if element is not None}, value)


def _widen(dataset: "FileDataset", changed: Json) -> None:
    """Make the character set UTF-8 where the new text is not ASCII: the old one may not be able to write it."""
    if orjson.dumps(changed).isascii() or dataset.get("SpecificCharacterSet") == "ISO_IR 192":
        return
    dataset.decode()
    dataset.SpecificCharacterSet = "ISO_IR 192"
