"""An instance whose pixels are redacted: its file, opened, and its frames one at a time, as stored and decoded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.dicom import frames, limits, syntaxes
from emulator.dicom.decoding import decoded
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.frames import PixelData, Ranges
from emulator.dicom.header import Header, read_header
from emulator.dicom.pages import forget
from emulator.dicom.reading import keep_odd_numbers, require_decodable
from emulator.dicom.transcode import to_syntax

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import FileDataset

    Image = np.ndarray[Any, np.dtype[Any]]

MAX_FILE = 1 << 30
"""Bytes of a file whose pixels are redacted (Cloud Healthcare: quotas)."""
MAX_UNPACKED = 2 << 30
"""Bytes of its frames where these are compressed (as MAX_FILE)."""
_KEYWORDS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
_PATHS = frozenset(f"{tag:08X}" for tag in _KEYWORDS)
_REREAD = syntaxes.DEFLATED_DATASETS | {syntaxes.BIG_ENDIAN}


@dataclass
class Instance:
    """An open file with pixels.

    dataset     all its attributes, to be changed; the pixel data element is empty
    described   what says how its pixels are to be read: file meta information and group 0028, as in the file
    """

    dataset: FileDataset
    described: FileDataset
    tag: int
    pixels: PixelData
    count: int
    _data: mmap
    _header: Header
    _fragments: list[Ranges]

    @property
    def syntax(self) -> str:
        """The UID of its transfer syntax; Explicit VR Little Endian for big endian and deflated files."""
        return self._header.transfer_syntax

    def stored(self, number: int) -> bytes:
        """Frame `number` (from 1) as it is in the file; UnsupportedError where there is none."""
        if self.pixels.encapsulated:
            return b"".join(self._data[start:end] for start, end in self._ranges(number))
        if self.has_single_bits:
            return frames.bit_frame(self._data, self._header.elements, self.pixels, number)
        start, end = self._native(number)
        found = self._data[start:end]
        forget(self._data, start, end)
        return found

    def decoded(self, number: int) -> Image:
        """Frame `number` (from 1) as an array of the samples that it has; UnsupportedError where that cannot be."""
        limits.check(self._data, self._header.elements, self.pixels, self.syntax, [number])
        return decoded(self._alone(self.stored(number)), 1, raw=True)

    def value(self) -> Iterator[bytes]:
        """The value of the pixel data as it is in the file, piece by piece."""
        step = 1 << 20
        for start in range(self.pixels.offset, end := self.pixels.offset + self.pixels.length, step):
            yield self._data[start : min(start + step, end)]
            forget(self._data, start, min(start + step, end))

    @property
    def has_single_bits(self) -> bool:
        """Whether its pixels are single bits that are not compressed: frames may begin within a byte."""
        return not self.pixels.encapsulated and frames.bits_allocated(self._header.elements) == 1

    @property
    def has_more(self) -> bool:
        """Whether bytes follow the last frame of pixels that are not compressed, but for one that makes them even."""
        if self.pixels.encapsulated:
            return False
        length = frames.native_length(self._header.elements, self.tag)
        return self.pixels.length > length + length % 2

    def _native(self, number: int) -> tuple[int, int]:
        size = (frames.native_frame_size(self._header.elements, self.tag) + 7) // 8
        start = self.pixels.offset + (number - 1) * size
        if start + size > self.pixels.offset + self.pixels.length:
            raise UnsupportedError(f"The instance has no frame {number}.")
        return start, start + size

    def _ranges(self, number: int) -> Ranges:
        if number > len(self._fragments):
            raise UnsupportedError(f"The pixel data holds {len(self._fragments)} frames only.")
        return self._fragments[number - 1]

    def _alone(self, frame: bytes) -> FileDataset:
        """A dataset with one frame and what says how to decode it."""
        from pydicom.encaps import encapsulate

        alone = copy(self.described)
        keyword = _KEYWORDS[self.tag]
        setattr(alone, keyword, encapsulate([frame]) if self.pixels.encapsulated else frame + b"\0" * (len(frame) % 2))
        if keyword == "PixelData":
            alone[keyword].VR = "OB" if self.pixels.encapsulated else "OW"
            alone[keyword].is_undefined_length = self.pixels.encapsulated
        return alone


@contextmanager
def opened(path: Path) -> Iterator[Instance | None]:
    """A sound Part 10 file with its frames; None where it has no pixels.

    Raises DicomError for a file that is not sound, and UnsupportedError where its pixels are too many, or its transfer
    syntax is none that pixels can be decoded from. Files that are big endian or deflated are rewritten first, in
    memory; of others one frame is in memory at a time.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        header = read_header(data)
        if not any(bulk.path in _PATHS for bulk in header.bulk):
            yield None
            return
        if len(data) > MAX_FILE:
            raise UnsupportedError(
                f"Text in pixels is redacted in files of up to {MAX_FILE} bytes; it has {len(data)}."
            )
        if header.transfer_syntax not in _REREAD:
            yield _instance(data, header)
            return
    with tempfile.TemporaryFile() as plain:  # without a name: nothing of it outlives this process
        plain.write(to_syntax(str(path), syntaxes.EXPLICIT))
        plain.flush()
        with mmap(plain.fileno(), 0, access=ACCESS_READ) as data:
            yield _instance(data, read_header(data))


def _instance(data: mmap, header: Header) -> Instance:
    from pydicom import dcmread

    bulk = next(bulk for bulk in header.bulk if bulk.path in _PATHS)
    pixels = PixelData(bulk.offset, bulk.length, encapsulated=bulk.encapsulated)
    count = frames.frame_count(header.elements)
    if bulk.encapsulated and (size := count * frames.native_frame_size(header.elements) // 8) > MAX_UNPACKED:
        raise UnsupportedError(f"Text in pixels is redacted in up to {MAX_UNPACKED} bytes unpacked; it has {size}.")
    dataset = dcmread(BytesIO(data[: bulk.offset - 4] + bytes(4) + data[bulk.offset + bulk.length :]))
    require_decodable(dataset)
    keep_odd_numbers(dataset)
    pieces = frames.encapsulated_frames(data, pixels, count) if bulk.encapsulated else []
    return Instance(dataset, _described(dataset), int(bulk.path, 16), pixels, count, data, header, pieces)


def _described(dataset: FileDataset) -> FileDataset:
    """What one frame of a dataset is decoded by."""
    from pydicom.dataset import FileDataset

    meta = deepcopy(dataset.file_meta)
    described = FileDataset("", {}, file_meta=meta, is_implicit_VR=False, is_little_endian=True)
    for element in deepcopy(dataset.group_dataset(0x0028)):
        described[element.tag] = element
    if "NumberOfFrames" in described:
        del described["NumberOfFrames"]
    return described
