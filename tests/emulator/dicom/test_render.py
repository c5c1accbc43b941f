import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from emulator.dicom import png, render
from emulator.dicom.errors import UnsupportedError


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (17, 4, 3), (64, 64)])
def test_png_keeps_every_pixel(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(BytesIO(png.encode(picture)))), picture)


def film(tmp_path: Path, pixels: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]", **attributes: object) -> str:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    path = tmp_path / "film.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return str(path)


def test_window_on_signed_rescaled_values(tmp_path: Path) -> None:
    pixels = np.array([[-1000, 0], [40, 3000]], dtype=np.int16)
    path = film(tmp_path, pixels, RescaleSlope=1, RescaleIntercept=-24, WindowCenter=40, WindowWidth=400)
    shown = render.displayed(path, 1)
    low, high = 40 - 0.5 - 399 / 2, 40 - 0.5 + 399 / 2
    expected = np.clip(np.rint((pixels - 24.0 - low) * 255 / (high - low)), 0, 255)
    assert np.array_equal(shown, expected)


def test_first_of_several_windows_is_taken(tmp_path: Path) -> None:
    pixels = np.array([[0, 100], [150, 255]], dtype=np.uint8)
    one = render.displayed(film(tmp_path, pixels, WindowCenter=128, WindowWidth=256), 1)
    several = render.displayed(film(tmp_path, pixels, WindowCenter=[128, 10], WindowWidth=[256, 20]), 1)
    assert np.array_equal(one, several)


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_other_window_functions(tmp_path: Path, function: str) -> None:
    pixels = np.array([[0, 64], [128, 255]], dtype=np.uint8)
    shown = render.displayed(film(tmp_path, pixels, WindowCenter=128, WindowWidth=256, VOILUTFunction=function), 1)
    assert shown[1, 0] in (127, 128)
    assert (np.diff(shown.ravel().astype(int)) > 0).all()


def test_without_a_window_the_values_range_is_shown(tmp_path: Path) -> None:
    pixels = np.array([[100, 150], [200, 300]], dtype=np.uint16)
    shown = render.displayed(film(tmp_path, pixels), 1)
    assert (shown[0, 0], shown[1, 1]) == (0, 255)


@pytest.mark.parametrize("text", [b"abcd", b"1e999", b"nan ", b"-inf", b"1_00"])
@pytest.mark.parametrize("tag", [0x00281050, 0x00281051])
def test_a_window_that_is_no_numbers_is_none(tmp_path: Path, tag: int, text: bytes) -> None:
    pixels = np.array([[100, 150], [200, 300]], dtype=np.uint16)
    path = Path(film(tmp_path, pixels, WindowCenter="1111.1", WindowWidth="1111.1"))
    there = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, b"DS", 6) + b"1111.1"
    data = path.read_bytes()
    assert data.count(there) == 1
    path.write_bytes(data.replace(there, there[:8] + text.ljust(6)))
    shown = render.displayed(str(path), 1)
    assert (shown[0, 0], shown[1, 1]) == (0, 255)


def test_flat_picture(tmp_path: Path) -> None:
    assert render.displayed(film(tmp_path, np.zeros((2, 2), np.uint8)), 1).max() == 0


def test_lookup_table_of_values(tmp_path: Path) -> None:
    from pydicom.sequence import Sequence

    table = Dataset()
    table.add_new(0x00283002, "US", [4, 0, 8])
    table.add_new(0x00283006, "US", [255, 10, 20, 0])
    pixels = np.array([[0, 1], [2, 3]], dtype=np.uint8)
    assert render.displayed(film(tmp_path, pixels, VOILUTSequence=Sequence([table])), 1).tolist() == [
        [255, 10],
        [20, 0],
    ]


def test_what_has_no_pixels(tmp_path: Path) -> None:
    path = film(tmp_path, np.zeros((2, 2), np.uint8))
    import pydicom

    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(UnsupportedError, match="no pixel data"):
        render.render(path, 1, "image/png")


@pytest.mark.parametrize(("value", "shade"), [(99, 0), (100, 255), (101, 255)])
def test_a_window_of_width_1_is_a_step(value: int, shade: int) -> None:
    """PS3.3 C.11.2.1.2.1: x <= c - 0.5 is the lowest shade, what is above the highest."""
    shown = render.windowed(np.array([value], dtype="f8"), (100.0, 1.0), "LINEAR")
    assert shown.tolist() == [shade]


def test_bits_that_lie_high_are_shown_as_they_are_meant(tmp_path: Path) -> None:
    """High Bit 15 of 12 stored (PS3.5 8.1.1, before 2014): the same picture as with High Bit 11."""
    pixels = np.arange(0, 4096, 16, dtype="<u2").reshape(16, 16)
    pictures = []
    for shift in (0, 4):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
        dataset.Rows = dataset.Columns = 16
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11 + shift
        dataset.PixelRepresentation = 0
        dataset.WindowCenter, dataset.WindowWidth = "2048", "4096"
        dataset.PixelData = (pixels << shift).tobytes()
        path = tmp_path / f"{shift}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        pictures.append(render.displayed(str(path), 1))
    assert np.array_equal(pictures[0], pictures[1])
