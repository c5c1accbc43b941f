"""Compressed pixels keep what is seen and lose what is said."""

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pixel_array
from pydicom.uid import JPEGBaseline8Bit

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import DicomRules, Profile
from emulator.deidentify.keys import Secret
from emulator.dicom.header import read_header
from tests.emulator.deidentify.dicom.test_files import SOUND, read
from tests.emulator.dicom.test_remarks import BASELINE, SAID, segment
from tests.emulator.services.healthcare.instances import file_of, instance

KEY = Secret(bytes(32))
TALKING = BASELINE[:2] + segment(0xFE, SAID) + BASELINE[2:]
QUIET = BASELINE[:2] + segment(0xFE, bytes(len(SAID))) + BASELINE[2:]


def encapsulated(path: Path) -> bool:
    return any(each.encapsulated for each in read_header(path.read_bytes()).bulk)


def film(value: bytes) -> bytes:
    dataset = instance(Rows=64, Columns=64, BitsAllocated=8, BitsStored=8, HighBit=7)
    dataset.PixelData = value
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    return file_of(dataset)


def after(value: bytes, profile: Profile = Profile.BASIC) -> Any:
    return read(deidentify(film(value), DicomRules(profile), KEY).content()).PixelData


@pytest.mark.parametrize("path", [path for path in SOUND if encapsulated(path)], ids=lambda path: path.name)
def test_the_pixels_of_shipped_files_stay(path: Path) -> None:
    before, new = path.read_bytes(), deidentify(path.read_bytes(), DicomRules(Profile.BASIC), KEY).content()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pixels = pixel_array(read(before), raw=True)
        except Exception:  # noqa: BLE001  pydicom's many ways to say that it can't
            pytest.skip("pydicom does not decode it")
        assert np.array_equal(pixel_array(read(new), raw=True), pixels)


@pytest.mark.parametrize("profile", [Profile.BASIC, Profile.MINIMAL])
def test_a_comment_in_a_frame_goes(profile: Profile) -> None:
    assert after(encapsulate([TALKING]), profile) == encapsulate([QUIET])


def test_a_comment_over_the_border_of_fragments_goes() -> None:
    whole = encapsulate([TALKING], fragments_per_frame=60)
    assert SAID not in whole, "it is divided"
    assert after(whole) == encapsulate([QUIET], fragments_per_frame=60)


def test_pixels_are_looked_through_where_text_in_them_goes() -> None:
    data = film(encapsulate([TALKING]))
    assert SAID in deidentify(data, DicomRules(), KEY).content()
    assert SAID not in deidentify(data, DicomRules(), KEY, cleans_pixels=True).content()


def test_what_is_no_table_of_offsets_and_no_frame_goes() -> None:
    frame = encapsulate([BASELINE], has_bot=False)[8:]

    def item(value: bytes) -> bytes:
        return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value

    assert after(item(SAID) + frame + item(SAID)) == item(bytes(24)) + frame + item(bytes(24))
    sound = encapsulate([BASELINE, BASELINE])
    assert after(sound) == sound
