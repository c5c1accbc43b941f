"""Colour as it is shown: RGB in both planar configurations, YBR whole and subsampled, palettes of 8 and 16 bits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from emulator.dicom import render

Picture = np.ndarray[Any, np.dtype[np.uint8]]

COLOURS: Picture = np.array(
    [[(255, 0, 0), (255, 0, 0), (0, 255, 0), (0, 255, 0)], [(0, 0, 255), (0, 0, 255), (90, 160, 30), (90, 160, 30)]],
    np.uint8,
)
"""Two rows of four pixels, each colour twice, as the subsampled form needs it."""


def written(tmp_path: Path, meaning: str, data: bytes, *, samples: int = 3, **attributes: object) -> str:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    dataset.Rows, dataset.Columns = COLOURS.shape[:2]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = samples, meaning
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    if samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.PixelData = data
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    path = tmp_path / "colour.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return str(path)


def ybr(colours: Picture) -> Picture:
    """Full-range YBR of RGB (PS3.3 C.7.6.3.1.2)."""
    matrix = np.array([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])
    found: Picture = np.clip(np.rint(colours @ matrix.T + (0, 128, 128)), 0, 255).astype(np.uint8)
    return found


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb(tmp_path: Path, planar: int) -> None:
    data = COLOURS.transpose(2, 0, 1) if planar else COLOURS
    path = written(tmp_path, "RGB", data.tobytes(), PlanarConfiguration=planar)
    assert np.array_equal(render.displayed(path, 1), COLOURS)


def test_rgb_of_16_bits(tmp_path: Path) -> None:
    data = (COLOURS.astype("<u2") << 8).tobytes()
    path = written(tmp_path, "RGB", data, BitsAllocated=16, BitsStored=16, HighBit=15)
    assert np.array_equal(render.displayed(path, 1), COLOURS)


@pytest.mark.parametrize("meaning", ["YBR_FULL", "YBR_FULL_422"])
def test_ybr(tmp_path: Path, meaning: str) -> None:
    pixels = ybr(COLOURS)
    if meaning == "YBR_FULL_422":  # two lumas, then the chromas that they share (PS3.3 C.7.6.3.1.2)
        pairs = [(*(pair[:, 0]), *pair[0, 1:]) for row in pixels for pair in (row[:2], row[2:])]
        data = np.array(pairs, np.uint8).tobytes()
    else:
        data = pixels.tobytes()
    shown = render.displayed(written(tmp_path, meaning, data), 1)
    assert np.abs(shown.astype(int) - COLOURS).max() <= 3


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("scaled", [True, False], ids=["whole range", "lower byte only"])
def test_palette(tmp_path: Path, bits: int, *, scaled: bool) -> None:
    entries = COLOURS.reshape(-1, 3)[::2].astype(np.uint16)
    stored = entries << 8 if bits == 16 and scaled else entries
    tables: dict[str, object] = {}
    for place, name in enumerate(("Red", "Green", "Blue")):
        data = stored[:, place].astype("<u2" if bits == 16 else "u1").tobytes()
        tables[f"{name}PaletteColorLookupTableDescriptor"] = [4, 0, bits]
        tables[f"{name}PaletteColorLookupTableData"] = data
    numbers = bytes([0, 0, 1, 1, 2, 2, 3, 3])
    shown = render.displayed(written(tmp_path, "PALETTE COLOR", numbers, samples=1, **tables), 1)
    assert np.array_equal(shown, COLOURS)


def test_one_bit_and_float_pixels(tmp_path: Path) -> None:
    one_bit = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}
    path = written(tmp_path, "MONOCHROME2", b"\x5a\0", samples=1, **one_bit)
    assert render.displayed(path, 1).tolist() == [[0, 255, 0, 255], [255, 0, 255, 0]]
    path = written(tmp_path, "MONOCHROME2", b"\0" * 32, samples=1)
    from pydicom import dcmread

    dataset = dcmread(path)
    del dataset.PixelData
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = np.linspace(-1, 1, 8, dtype="<f4").tobytes()
    dataset.save_as(path)
    shown = render.displayed(path, 1).ravel().tolist()
    assert (shown[0], shown[-1], sorted(shown)) == (0, 255, shown)
