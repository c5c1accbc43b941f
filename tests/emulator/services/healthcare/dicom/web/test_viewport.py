"""The viewport of rendered pictures: fitted, cut out and flipped (PS3.18 8.3.5.1.3); frames as PNG."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import file_of, instance, made

ONE = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
PIXELS = np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)
FILM: dict[str, Any] = {
    "Rows": 6,
    "Columns": 8,
    "PixelData": PIXELS.tobytes(),
    "WindowCenter": 128,
    "WindowWidth": 256,
}


def picture(store: Store, path: str = f"{ONE}/rendered", **parameters: Any) -> Any:
    answer = store.get(path, "image/png", **parameters)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(BytesIO(answer.content)))


@pytest.mark.parametrize(
    ("viewport", "expected"),
    [
        ("8,6", PIXELS),
        ("8,6,,,,", PIXELS),
        ("8,6,0,0,-8,6", PIXELS[:, ::-1]),
        ("8,6,0,0,8,-6", PIXELS[::-1]),
        ("8,6,0,0,-8,-6", PIXELS[::-1, ::-1]),
        ("3,2,2,1,3,2", PIXELS[1:3, 2:5]),
        ("3,2,2,1,-3,2", PIXELS[1:3, 2:5][:, ::-1]),
        ("4,6,4,0,,", PIXELS[:, 4:]),
        ("2,2,6,4,100,100", PIXELS[4:, 6:]),
    ],
)
def test_region(store: Store, viewport: str, expected: Any) -> None:
    assert store.post(made(**FILM)).status_code == 200
    found = picture(store, viewport=viewport)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("viewport", ["16,16", "16,16,0,0,4,4"])
def test_shape_is_kept(store: Store, viewport: str) -> None:
    assert store.post(made(**FILM)).status_code == 200
    assert picture(store, viewport=viewport).shape == ((12, 16) if "," not in viewport[5:] else (16, 16))


@pytest.mark.parametrize(
    "viewport",
    ["8", "0,6", "8,-6", "a,b", "8,6,0", "8,6,0,0,8", "8,6,-1,0,4,4", "8,6,9,0,2,2", "8,6,0,0,0,0", "9" * 5000],
)
def test_viewport_that_is_none(store: Store, viewport: str) -> None:
    assert store.post(made(**FILM)).status_code == 200
    answer = store.get(f"{ONE}/rendered", "image/png", viewport=viewport)
    assert answer.status_code == 400
    assert "viewport" in answer.json()["error"]["message"]


@pytest.mark.parametrize("monochrome", ["MONOCHROME1", "MONOCHROME2"])
def test_signed_pixels_with_rescale_and_window(store: Store, monochrome: str) -> None:
    values = np.linspace(-1024, 1023, 48).astype("<i2").reshape(6, 8)
    film = {
        **FILM,
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "PixelData": values.tobytes(),
        "RescaleSlope": 2,
        "RescaleIntercept": -100,
        "WindowCenter": -100,
        "WindowWidth": 4096,
        "PhotometricInterpretation": monochrome,
    }
    assert store.post(made(**film)).status_code == 200
    expected = np.clip((values.astype(float) * 2 - 100 - (-100 - 2048)) / 4096 * 255, 0, 255)
    expected = 255 - expected if monochrome == "MONOCHROME1" else expected
    assert np.abs(picture(store).astype(float) - expected).max() <= 1


def test_window_of_each_frame_s_functional_group(store: Store) -> None:
    film = instance(**{**FILM, "PixelData": PIXELS.tobytes() * 2})
    del film.WindowCenter, film.WindowWidth
    film.NumberOfFrames = 2
    groups = []
    for width in (256, 64):
        window, group = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = 128, width
        group.FrameVOILUTSequence = Sequence([window])
        groups.append(group)
    film.PerFrameFunctionalGroupsSequence = Sequence(groups)
    assert store.post(file_of(film)).status_code == 200
    wide, narrow = (picture(store, f"{ONE}/frames/{number}/rendered").astype(int) for number in (1, 2))
    assert np.abs(wide - PIXELS).max() <= 1
    assert np.abs(narrow - np.clip((PIXELS.astype(int) - 96) * 255 / 63, 0, 255)).max() <= 3


@pytest.mark.parametrize("kind", ["<u2", "<i2"])
def test_frame_as_png_keeps_its_samples(store: Store, kind: str) -> None:
    values = np.linspace(0, 32000, 48).astype(kind).reshape(6, 8)
    film = {**FILM, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "PixelData": values.tobytes()}
    assert store.post(made(**film, PixelRepresentation=int(kind == "<i2"))).status_code == 200
    answer = store.get(f"{ONE}/frames/1", "image/png")
    if kind == "<i2":
        assert answer.status_code == 400
        return
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(np.asarray(Image.open(BytesIO(answer.content))), values)
    several = store.get(f"{ONE}/frames/1", 'multipart/related; type="image/png"')
    assert answer.content in several.content
