"""Encapsulated frames: which fragments make which, whatever the offset tables say (PS3.5 A.4)."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from emulator.dicom import encoders, transcode
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.frames import PixelData, encapsulated_frames, fragments
from emulator.dicom.render import displayed
from tests.emulator.services.healthcare.instances import file_of, instance

RLE, J2K = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"
FRAMES = [np.array([200] * number + [0] * (16 - number), np.uint8).reshape(4, 4) for number in range(1, 4)]
ITEM = struct.pack("<HH", 0xFFFE, 0xE000)


def film(syntax: str, fragments: int = 1, frames: int = 3) -> Dataset:
    """Three frames with one, two and three bright pixels, compressed, each in so many fragments."""
    pixels = encoders.Pixels(1, 8, 8, signed=False, meaning="MONOCHROME2")
    coded = [encoders.encoder(pixels, syntax).encode(frame) for frame in FRAMES]
    dataset = instance(NumberOfFrames=frames)
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.PixelData = encapsulate(coded, fragments_per_frame=fragments)
    dataset["PixelData"].is_undefined_length = True
    return dataset


def with_table(dataset: Dataset, change: Callable[[list[int]], list[int]]) -> Dataset:
    """The same with another basic offset table."""
    (size,) = struct.unpack_from("<I", dataset.PixelData, 4)
    table = change(list(struct.unpack_from(f"<{size // 4}I", dataset.PixelData, 8)))
    packed = struct.pack(f"<{len(table)}I", *table)
    dataset.PixelData = ITEM + struct.pack("<I", len(packed)) + packed + dataset.PixelData[8 + size :]
    return dataset


TABLES: dict[str, Callable[[list[int]], list[int]]] = {
    "right": lambda table: table,
    "none": lambda _: [],
    "zeros": lambda table: [0] * len(table),
    "garbage": lambda table: [0, 7, 9_999_999][: len(table)],
    "one short": lambda table: table[:-1],
    "one more": lambda table: [*table, table[-1] + 8],
    "backwards": lambda table: table[::-1],
    "from the file": lambda table: [start + 1000 for start in table],
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("syntax", "fragments"), [(RLE, 1), (J2K, 1), (J2K, 2)])
def test_fragments_decide_where_a_table_can_not_be_right(
    tmp_path: Path, syntax: str, fragments: int, table: str
) -> None:
    dataset = with_table(film(syntax, fragments), TABLES[table])
    path = tmp_path / "film.dcm"
    path.write_bytes(file_of(dataset))
    pixels = PixelData(0, len(dataset.PixelData), encapsulated=True)
    assert [len(ranges) for ranges in encapsulated_frames(dataset.PixelData, pixels, 3)] == [fragments] * 3
    decoded = transcode.frames_in_syntax(str(path), [1, 2, 3], "1.2.840.10008.1.2.1")
    assert decoded == [frame.tobytes() for frame in FRAMES]
    assert np.count_nonzero(displayed(str(path), 3)) == 3
    assert len(transcode.stored_frames(str(path))) == 3


@pytest.mark.parametrize("frames", [2, 5])
def test_a_number_of_frames_that_the_fragments_deny(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(file_of(film(RLE, frames=frames)))
    with pytest.raises(UnsupportedError, match=f"holds 3 frames, and NumberOfFrames says {frames}"):
        transcode.to_syntax(str(path), "1.2.840.10008.1.2.1")


def test_an_extended_table_is_not_believed_either(tmp_path: Path) -> None:
    dataset = film(J2K)
    dataset.ExtendedOffsetTable = struct.pack("<3Q", 0, 5, 6)
    dataset.ExtendedOffsetTableLengths = struct.pack("<3Q", 1, 1, 1)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_of(dataset))
    decoded = transcode.frames_in_syntax(str(path), [2], "1.2.840.10008.1.2.1")
    assert decoded == [FRAMES[1].tobytes()]


def test_a_table_that_points_into_a_frame_is_not_believed(tmp_path: Path) -> None:
    """Its entries are fragments, but not those with which an image begins."""
    dataset = film(J2K, fragments=2)
    _, pieces = fragments(dataset.PixelData, PixelData(0, len(dataset.PixelData), encapsulated=True))
    second = pieces[1][0] - pieces[0][0]
    dataset = with_table(dataset, lambda table: [table[0], second, table[2]])
    path = tmp_path / "film.dcm"
    path.write_bytes(file_of(dataset))
    for number, frame in enumerate(FRAMES, 1):
        found = transcode.frames_in_syntax(str(path), [number], "1.2.840.10008.1.2.1")
        assert found == [frame.tobytes()]
