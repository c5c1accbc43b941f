from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.dicom import plain, render
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.header import read_header
from tests.emulator.dicom.test_render import film

RANDOM = np.random.default_rng(7)


def drawn(path: str, number: int = 1) -> bytes | None:
    data = Path(path).read_bytes()
    header = read_header(data)
    found = plain.plain(header.elements, list(header.bulk), header.transfer_syntax)
    return None if found is None else plain.draw(path, found, number, "image/png", None)


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", "<i2"])
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"WindowCenter": 128, "WindowWidth": 256},
        {"WindowCenter": [40, 1], "WindowWidth": [400, 2], "RescaleSlope": 2, "RescaleIntercept": -24},
        {"WindowCenter": 10, "WindowWidth": 50, "VOILUTFunction": "SIGMOID"},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"WindowCenter": 3, "WindowWidth": 0},
    ],
    ids=["range", "identity", "rescaled", "sigmoid", "inverse", "no width"],
)
def test_is_drawn_as_pydicom_would_have_it(tmp_path: Path, dtype: str, attributes: dict[str, Any]) -> None:
    limits = np.iinfo(dtype)
    pixels = RANDOM.integers(limits.min, limits.max, (24, 17), dtype=np.dtype(dtype), endpoint=True)
    path = film(tmp_path, pixels[:, :16], **attributes)
    assert drawn(path) == render.render(path, 1, "image/png")


@pytest.mark.parametrize(
    "attributes",
    [
        {"BitsStored": 12, "HighBit": 11},
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"WindowCenter": 3},
        {"RescaleSlope": 2},
    ],
    ids=["unused bits", "palette", "half a window", "half a rescale"],
)
def test_what_is_not_plain_is_left_to_others(tmp_path: Path, attributes: dict[str, Any]) -> None:
    assert drawn(film(tmp_path, np.zeros((2, 2), np.uint16), **attributes)) is None


def test_a_frame_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError):
        drawn(film(tmp_path, np.zeros((2, 2), np.uint8)), 2)
