"""The new file of a redacted instance, written part by part, one frame in memory at a time."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from emulator.deidentify.image.blackening import blackened, without_unused_bits
from emulator.deidentify.image.boxes import Box
from emulator.deidentify.image.instance import Instance
from emulator.dicom import syntaxes
from emulator.dicom.decoding import pixels_of
from emulator.dicom.encoders import Encoder, encoder
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.reading import settle_vrs

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import FileDataset

    Image = np.ndarray[Any, np.dtype[Any]]

Boxes = Sequence[Sequence[Box]]
"""What is blackened in each frame, in their order."""
_KEPT = ("1.2.840.10008.1.2.5", *(f"1.2.840.10008.1.2.4.{end}" for end in (80, 81, 90, 91)))
"""Compressed syntaxes that frames can be written in without loss: RLE, JPEG-LS, JPEG 2000."""
_OFFSETS = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_SIGNATURES = "DigitalSignaturesSequence"
_UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True)
class _Way:
    """How pixels are written: the syntax, the element's value piece by piece, and its length if that is known."""

    syntax: str
    length: int
    pieces: Callable[[], Iterator[bytes]]
    labels: dict[str, Any]


def write(instance: Instance, boxes: Boxes, target: IO[bytes], *, masked: bool = False) -> str:
    """Write an instance with boxes blackened, with its dataset as it is now; give the transfer syntax that it has then.

    masked says to clear the bits of samples that are not stored. Frames in which nothing changes stay as they are, byte
    for byte, where the syntax does. It does, unless the pixels are compressed in a way that loses something, or that
    nothing here writes: then all frames are written uncompressed, in Explicit VR Little Endian.
    """
    from pydicom.uid import UID

    way = _way(instance, boxes, masked=masked)
    dataset = instance.dataset
    for keyword, value in way.labels.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.TransferSyntaxUID = UID(way.syntax)
    settle_vrs(dataset)
    after = _taken_out(dataset, instance.tag)
    dataset.save_as(target, enforce_file_format=True)
    implicit = way.syntax == syntaxes.IMPLICIT
    target.write(_head(instance.tag, way.length, implicit=implicit))
    for piece in way.pieces():
        target.write(piece)
    target.write(_written(after, dataset, implicit=implicit))
    return way.syntax


def _way(instance: Instance, boxes: Boxes, *, masked: bool) -> _Way:
    changed = masked or any(boxes)
    if not changed and not instance.has_more:
        length = _UNDEFINED if instance.pixels.encapsulated else instance.pixels.length
        return _Way(instance.syntax, length, instance.value, {})
    if not instance.pixels.encapsulated and not _is_subsampled(instance):
        return _native(instance, boxes, instance.syntax, {}, masked=masked)
    encode = _encoder(instance)
    if encode is not None:
        return _Way(instance.syntax, _UNDEFINED, lambda: _fragments(instance, boxes, encode, masked=masked), {})
    meaning = pixels_of(instance.described).meaning
    labels: dict[str, Any] = {"PhotometricInterpretation": meaning}
    if int(instance.described.get("SamplesPerPixel") or 1) > 1:
        labels["PlanarConfiguration"] = 0
    return _native(instance, boxes, syntaxes.EXPLICIT, labels, masked=masked)


def _is_subsampled(instance: Instance) -> bool:
    return str(instance.described.get("PhotometricInterpretation")) in ("YBR_FULL_422", "YBR_PARTIAL_422")


def _encoder(instance: Instance) -> Encoder | None:
    """What compresses a frame so that the dataset's labels stay true of all of them; None where nothing does."""
    if instance.syntax not in _KEPT:
        return None
    try:
        found = encoder(pixels_of(instance.described), instance.syntax)
    except UnsupportedError:
        return None
    return found if all(instance.described.get(keyword) == value for keyword, value in found.labels.items()) else None


def _fragments(instance: Instance, boxes: Boxes, made_by: Encoder, *, masked: bool) -> Iterator[bytes]:
    """The frames as items of one fragment each, after an empty offset table (PS3.5 A.4)."""
    yield struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    for number, places in enumerate(boxes, 1):
        frame = instance.stored(number)
        if places or masked:
            frame = made_by.encode(_changed(instance, number, places, masked=masked))
        yield struct.pack("<HHI", 0xFFFE, 0xE000, len(frame) + len(frame) % 2) + frame + b"\0" * (len(frame) % 2)
    yield struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def _native(instance: Instance, boxes: Boxes, syntax: str, labels: dict[str, Any], *, masked: bool) -> _Way:
    """Frames without compression, from which what lay behind the last one is left out."""
    bits = int(instance.described.get("BitsAllocated") or 0) == 1
    as_stored = not instance.pixels.encapsulated and not _is_subsampled(instance)

    def frames() -> Iterator[Any]:
        for number, places in enumerate(boxes, 1):
            if places or masked or bits or not as_stored:
                yield _changed(instance, number, places, masked=masked)
            else:
                yield instance.stored(number)

    first = instance.decoded(1)
    size = len(boxes) * (first.size if bits else first.nbytes)
    length = -(-size // 8) if bits else size
    planar = as_stored and int(instance.described.get("PlanarConfiguration") or 0) == 1

    def pieces() -> Iterator[bytes]:
        return _even(_packed(frames()) if bits else _samples(frames(), planar=planar))

    return _Way(syntax, length + length % 2, pieces, labels)


def _changed(instance: Instance, number: int, boxes: Sequence[Box], *, masked: bool) -> Image:
    frame = instance.decoded(number)
    if masked:
        frame = without_unused_bits(frame, instance.described)
    return blackened(frame, boxes, instance.described) if boxes else frame


def _samples(frames: Iterator[Any], *, planar: bool) -> Iterator[bytes]:
    """Frames as bytes, those that are arrays little endian, by planes if so told (PS3.3 C.7.6.3.1.3)."""
    for frame in frames:
        if isinstance(frame, bytes):
            yield frame
            continue
        ordered = frame.transpose(2, 0, 1) if planar and frame.ndim == 3 else frame
        yield ordered.astype(ordered.dtype.newbyteorder("<"), copy=False).tobytes()


def _packed(frames: Iterator[Any]) -> Iterator[bytes]:
    """Frames of single bits, eight a byte, all in one row of bits (PS3.5 8.1.1)."""
    import numpy as np

    left = np.zeros(0, bool)
    for frame in frames:
        row = np.concatenate([left, frame.ravel().astype(bool)])
        whole = len(row) // 8 * 8
        yield np.packbits(row[:whole], bitorder="little").tobytes()
        left = row[whole:]
    yield np.packbits(left, bitorder="little").tobytes()


def _even(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        yield piece
    yield b"\0" * (size % 2)


def _taken_out(dataset: FileDataset, tag: int) -> list[Any]:
    """Take the pixel data and what follows it out of a dataset; give what followed.

    Signatures go, since they are of the pixels that were, and tables of offsets, which frames are found without.
    """
    for keyword in (*_OFFSETS, _SIGNATURES):
        if keyword in dataset:
            del dataset[keyword]
    after = [dataset[each] for each in list(dataset.keys()) if each > tag]
    for element in after:
        del dataset[element.tag]
    del dataset[tag]
    return after


def _head(tag: int, length: int, *, implicit: bool) -> bytes:
    """How the pixel data element begins: compressed ones are OB, others OW or the floats that their tag says."""
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + struct.pack("<I", length)
    vr = {0x7FE00008: b"OF", 0x7FE00009: b"OD"}.get(tag, b"OB" if length == _UNDEFINED else b"OW")
    return head + vr + struct.pack("<HI", 0, length)


def _written(elements: list[Any], dataset: FileDataset, *, implicit: bool) -> bytes:
    """Elements as they stand behind the pixel data."""
    from pydicom.dataset import Dataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    rest = Dataset()
    for element in elements:
        rest[element.tag] = element
    target = DicomBytesIO()
    target.is_little_endian, target.is_implicit_VR = True, implicit
    write_dataset(target, rest, parent_encoding=dataset.get("SpecificCharacterSet") or "ISO_IR 6")
    return target.getvalue()
