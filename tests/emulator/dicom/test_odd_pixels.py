"""Instances whose pixels are of a kind that nothing decodes, or whose attributes do not describe them."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from emulator.dicom import transcode
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.header import read_header
from emulator.dicom.render import render
from tests.emulator.services.healthcare.instances import file_of, instance

EXPLICIT, J2K, RLE, JPEG = (f"1.2.840.10008.1.2{end}" for end in (".1", ".4.90", ".5", ".4.50"))
WORK: dict[str, Callable[[str], Any]] = {
    "the default syntax": lambda path: transcode.to_syntax(path, EXPLICIT),
    "JPEG 2000": lambda path: transcode.to_syntax(path, J2K),
    "RLE": lambda path: transcode.to_syntax(path, RLE),
    "JPEG": lambda path: transcode.to_syntax(path, JPEG),
    "a frame": lambda path: transcode.frames_in_syntax(path, [1], EXPLICIT),
    "a PNG": lambda path: transcode.frames_as_png(path, [1]),
    "a picture": lambda path: render(path, 1, "image/jpeg"),
    "frames as stored": transcode.stored_frames,
}
UNDECODABLE = {
    "JPEG XL": "1.2.840.10008.1.2.4.110",
    "deflated frames": "1.2.840.10008.1.2.8.1",
    "a private syntax": "1.2.3.4",
    "an SOP class": "1.2.840.10008.5.1.4.1.1.7",
    "no UID": "1.2.a..b",
    "MPEG-4": "1.2.840.10008.1.2.4.102",
}


def with_syntax(data: bytes, syntax: str) -> bytes:
    """The file with another TransferSyntaxUID, which pydicom would not write."""
    old, new = (
        b"UI" + struct.pack("<H", len(uid) + len(uid) % 2) + uid + b"\0" * (len(uid) % 2)
        for uid in (J2K.encode(), syntax.encode())
    )
    assert data.count(old) == 1
    at = data.index(b"\2\0\0\0UL") + 8
    length = struct.unpack_from("<I", data, at)[0] + len(new) - len(old)
    return data[:at] + struct.pack("<I", length) + data[at + 4 :].replace(old, new)


@pytest.mark.parametrize("syntax", UNDECODABLE.values(), ids=UNDECODABLE)
def test_what_nothing_decodes_is_refused_and_kept(tmp_path: Path, syntax: str) -> None:
    """Cloud Healthcare: transcoding, "Unsupported transfer syntaxes"; as it is stored it is given."""
    film = instance()
    film.file_meta.TransferSyntaxUID = UID(J2K)
    film.PixelData = encapsulate([b"\xff\x0aabcdefgh"])
    film["PixelData"].is_undefined_length = True
    path = tmp_path / "film.dcm"
    path.write_bytes(with_syntax(file_of(film), syntax))
    assert read_header(path.read_bytes()).transfer_syntax == syntax
    for name, work in WORK.items():
        if name == "frames as stored":
            assert work(str(path)) == [b"\xff\x0aabcdefgh"]
            continue
        with pytest.raises(UnsupportedError, match=r"^The (instance|pixels) cannot be"):
            work(str(path))


ODD: dict[str, dict[str, Any]] = {
    "no SamplesPerPixel": {"SamplesPerPixel": None},
    "no PixelRepresentation": {"PixelRepresentation": None},
    "no PhotometricInterpretation": {"PhotometricInterpretation": None},
    "an unusual PhotometricInterpretation": {"PhotometricInterpretation": "HSV"},
    "an unknown PhotometricInterpretation": {"PhotometricInterpretation": "GREY"},
    "no BitsAllocated": {"BitsAllocated": None},
    "no BitsStored": {"BitsStored": None},
    "no HighBit": {"HighBit": None},
    "no Rows": {"Rows": None},
    "no lines": {"Rows": 0},
    "twelve bits allocated": {"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11},
    "more bits stored than allocated": {"BitsStored": 16, "HighBit": 15},
    "more samples than there are": {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0},
    "two samples": {"SamplesPerPixel": 2},
    "a palette without tables": {"PhotometricInterpretation": "PALETTE COLOR"},
    "more lines than there are": {"Rows": 5},
    "no pixels": {"PixelData": b""},
    "more frames than there are": {"NumberOfFrames": 9},
    "no frames": {"NumberOfFrames": 0},
    "a sign that is none": {"PixelRepresentation": 7},
}


@pytest.mark.parametrize("what", ODD)
def test_attributes_that_do_not_describe_the_pixels(tmp_path: Path, what: str) -> None:
    """Each piece of work gives what it is about, or refuses in one sentence."""
    film = instance()
    for keyword, value in ODD[what].items():
        if value is None:
            delattr(film, keyword)
        else:
            setattr(film, keyword, value)
    film["PixelData"].VR = "OB"
    path = tmp_path / "film.dcm"
    path.write_bytes(file_of(film))
    for work in WORK.values():
        try:
            assert work(str(path))
        except UnsupportedError as problem:
            text = str(problem)
            assert text.startswith(("The instance", "The pixel"))
            assert text.endswith(".")


def test_a_number_of_frames_that_is_none_counts_as_absent(tmp_path: Path) -> None:
    film = instance(NumberOfFrames="1")
    data = file_of(film)
    there = struct.pack("<HH2sH", 0x28, 8, b"IS", 2)
    path = tmp_path / "film.dcm"
    path.write_bytes(data.replace(there + b"1 ", struct.pack("<HH2sH", 0x28, 8, b"IS", 4) + b"abc "))
    for work in WORK.values():
        assert work(str(path))
    written = pydicom.dcmread(BytesIO(transcode.to_syntax(str(path), EXPLICIT)))
    assert written.PixelData == film.PixelData
