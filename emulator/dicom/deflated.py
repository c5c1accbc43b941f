"""Deflated datasets (PS3.5 A.5), inflated on disk and not in memory: 400 kB can hold 400 MB."""

import zlib
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile

from emulator.dicom.errors import DicomError

MAX_INFLATED = 1 << 30
_PIECE = 1 << 18


def inflate(data: bytes | mmap, dataset_offset: int) -> mmap:
    """A deflated file with its dataset inflated (PS3.5 A.5); DicomError if it is damaged or larger than 1 GiB.

    It is the map of a nameless temporary file.
    """
    with TemporaryFile() as file:
        file.write(data[:dataset_offset])
        for plain in _inflating(data, dataset_offset):
            file.write(plain)
            if file.tell() > MAX_INFLATED:
                raise DicomError(f"The deflated dataset holds more than {MAX_INFLATED} bytes: more is not read here.")
        file.flush()
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def _inflating(data: bytes | mmap, start: int) -> Iterator[bytes]:
    """The dataset that is deflated from `start` on, in pieces."""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(start, len(data), _PIECE):
        packed, full = data[at : at + _PIECE], True
        while (packed or full) and not machine.eof:
            try:
                plain = machine.decompress(packed, _PIECE)
            except zlib.error:
                raise DicomError("The deflated dataset is damaged: it cannot be inflated.") from None
            packed, full = machine.unconsumed_tail, len(plain) == _PIECE
            yield plain
    if not machine.eof:
        raise DicomError("The file is truncated: its deflated dataset ends too early.")
