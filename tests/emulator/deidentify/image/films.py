"""Generated films with burned-in text as DICOM files: every kind of pixels that text is burned into, by number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.pixels.processing import convert_color_space

from emulator.dicom import transcode
from tests.emulator.dicom.test_transcode import JPEG, JPEG_2000, JPEG_LS, RLE
from tests.emulator.services.healthcare.instances import instance
from tests.support.burned_in import Picture, Planted, anatomy, with_text, write

_Array = np.ndarray[Any, np.dtype[Any]]


def film(number: int, path: Path) -> list[list[Planted]]:
    """Write the film of that number; give what was planted in each of its frames."""
    side = 1800 if number % 50 == 49 else 1024 if number % 10 == 9 else 640
    picture, planted = with_text(number, side=side, texts=4 if side == 640 else 8)
    frames, texts = [picture], [planted]
    if number % 8 == 7:
        frames, texts = _moving(number, picture, planted)
    make, syntax = _KINDS[number % len(_KINDS)]
    _file(make(np.stack(frames)), path, syntax)
    return texts


def clean_film(number: int, path: Path) -> None:
    """Write a film of that number without text."""
    make, syntax = _KINDS[number % len(_KINDS)]
    _file(make(anatomy(np.random.default_rng(10_000 + number), 640, 640)[np.newaxis]), path, syntax)


def _moving(number: int, picture: Picture, planted: list[Planted]) -> tuple[list[Picture], list[list[Planted]]]:
    """Three frames: anatomy changes below texts that stay, and the last one has a text more."""
    ground = anatomy(np.random.default_rng(20_000 + number), len(picture), len(picture))
    second = np.where(_near(picture, planted), picture, ground)
    third = second.copy()
    more = write(third, "TIME 12:34:56", 200, 4, 18, 255) if not _near(picture, planted)[:30, 190:420].any() else None
    return [picture, second, third], [planted, planted, [*planted, *([more] if more else [])]]


def _near(picture: Picture, planted: list[Planted]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    near = np.zeros(picture.shape, bool)
    for each in planted:
        edge = each.size // 3
        near[
            max(0, each.y - edge) : each.y + each.height + edge, max(0, each.x - edge) : each.x + each.width + edge
        ] = 1
    return near


def _grey(pixels: _Array, **attributes: Any) -> pydicom.Dataset:
    frames, rows, columns = pixels.shape[:3]
    dataset = instance(Rows=rows, Columns=columns, NumberOfFrames=frames)
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def _inverse(pixels: _Array) -> pydicom.Dataset:
    return _grey(255 - pixels, PhotometricInterpretation="MONOCHROME1")


def _twelve_bits(pixels: _Array) -> pydicom.Dataset:
    return _grey(pixels.astype(np.uint16) * 16, BitsStored=12, HighBit=11)


def _signed(pixels: _Array) -> pydicom.Dataset:
    """As of CT: tissue lies close together, and text and a table far above."""
    values = np.where(pixels == 255, 3000, pixels.astype(np.int16) * 4 - 1000)
    return _grey(values.astype(np.int16), WindowCenter="40", WindowWidth="400")


def _rgb(pixels: _Array) -> pydicom.Dataset:
    """Yellow on a bluish ground."""
    tinted = np.stack([pixels, pixels, np.where(pixels > 250, 0, np.maximum(pixels, 30))], axis=-1)
    return _grey(tinted.astype(np.uint8), SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)


def _ybr(pixels: _Array) -> pydicom.Dataset:
    colours = np.stack([convert_color_space(np.stack([frame] * 3, axis=-1), "RGB", "YBR_FULL") for frame in pixels])
    return _grey(colours, SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL", PlanarConfiguration=0)


def _palette(pixels: _Array) -> pydicom.Dataset:
    dataset = _grey(255 - pixels, PhotometricInterpretation="PALETTE COLOR")
    ramp = (np.arange(255, -1, -1) * 257).astype("<u2")
    for name in ("Red", "Green", "Blue"):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{name}PaletteColorLookupTableData", ramp.tobytes())
    return dataset


_KINDS: tuple[tuple[Callable[[_Array], pydicom.Dataset], str], ...] = (
    (_grey, ""),
    (_inverse, JPEG_LS),
    (_twelve_bits, JPEG_2000),
    (_rgb, ""),
    (_signed, RLE),
    (_ybr, JPEG),
    (_palette, ""),
    (_grey, JPEG_2000),
    (_rgb, JPEG_2000),
)


def _file(dataset: pydicom.Dataset, path: Path, syntax: str) -> None:
    dataset.save_as(path, enforce_file_format=True)
    if syntax:
        path.write_bytes(transcode.to_syntax(str(path), syntax))
