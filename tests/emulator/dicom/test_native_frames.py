"""Frames of pixels that are not compressed are the bytes that the instance has, whatever its colours and bits mean.

Metadata describe the instance as it is stored; a frame in other colours, planes or bits than those would be misread.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID

from emulator.dicom import syntaxes, transcode
from tests.emulator.dicom.test_transcode import INPUTS, colour, coloured, grey, half_coloured, made


def partial_422() -> pydicom.Dataset:
    dataset: pydicom.Dataset = half_coloured()
    dataset.PhotometricInterpretation = "YBR_PARTIAL_422"
    return dataset


KINDS: dict[str, Callable[[], pydicom.Dataset]] = {
    **{name: make for name, make in INPUTS.items() if name not in ("JPEG-LS", "JPEG 2000")},
    "YBR_FULL by planes": lambda: coloured(colour(2), "YBR_FULL", planar=1),
    "overlay above 12 bits": lambda: made(
        (grey(12) | (grey(4).astype("u2") << 12)).astype("u2"), BitsStored=12, HighBit=11
    ),
    "high bit 15 of 12": lambda: made((grey(12, frames=2) << 4).astype("u2"), BitsStored=12, HighBit=15),
    "YBR_PARTIAL_422": partial_422,
}


def frames_of(dataset: pydicom.Dataset) -> list[bytes]:
    count = int(dataset.get("NumberOfFrames") or 1)
    size = int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel) * int(dataset.BitsAllocated) // 8
    if str(dataset.PhotometricInterpretation).endswith("_422"):
        size = size * 2 // 3
    return [dataset.PixelData[number * size : (number + 1) * size] for number in range(count)]


@pytest.mark.parametrize("syntax", [syntaxes.EXPLICIT, syntaxes.IMPLICIT, syntaxes.DEFLATED])
@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_the_bytes_of_the_instance(tmp_path: Path, kind: str, syntax: str) -> None:
    source = KINDS[kind]()
    source.file_meta.TransferSyntaxUID = UID(syntax)
    path = tmp_path / "instance.dcm"
    source.save_as(path, enforce_file_format=True)
    wanted = frames_of(source)
    numbers = list(range(1, len(wanted) + 1))
    assert transcode.frames_in_syntax(str(path), numbers, syntaxes.EXPLICIT) == wanted
    assert transcode.stored_frames(str(path)) == wanted


@pytest.mark.parametrize("meaning", ["RGB", "YBR_FULL"])
def test_big_endian_words_are_turned(tmp_path: Path, meaning: str) -> None:
    pixels = np.arange(2 * 13 * 22 * 3, dtype="u2").reshape(2, 13, 22, 3)
    source = coloured(pixels, meaning)
    source.PixelData = pixels.astype(">u2").tobytes()
    source["PixelData"].VR = "OW"
    source.file_meta.TransferSyntaxUID = UID(syntaxes.BIG_ENDIAN)
    path = tmp_path / "instance.dcm"
    source.save_as(path, enforce_file_format=True)
    assert transcode.frames_in_syntax(str(path), [1, 2], syntaxes.EXPLICIT) == [f.tobytes() for f in pixels]


def test_frames_of_bits_that_begin_within_a_byte(tmp_path: Path) -> None:
    """PS3.5 8.1.1: frames one after the other, without a gap."""
    bits = np.arange(45) % 3 == 0
    source = made(np.zeros((3, 3, 5), "u1"), Rows=3, Columns=5, BitsAllocated=1, BitsStored=1, HighBit=0)
    source.PixelData = np.packbits(bits, bitorder="little").tobytes()
    path = tmp_path / "instance.dcm"
    source.save_as(path, enforce_file_format=True)
    wanted = [np.packbits(bits[at : at + 15], bitorder="little").tobytes() for at in (0, 15, 30)]
    assert transcode.frames_in_syntax(str(path), [1, 2, 3], syntaxes.EXPLICIT) == wanted
    assert transcode.stored_frames(str(path)) == wanted
