"""Every kind of pixels into every syntax that has an encoder: the same pixels, and labels that say what was written.

What comes out is read by pydicom with pylibjpeg's decoders, which are others than those that wrote it. Sources:
PS3.5 8.1.1, 8.2, G; PS3.3 C.7.6.3.1.2.
"""

import warnings
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from emulator.dicom import syntaxes, transcode
from emulator.dicom.encoders import run_lengths
from emulator.dicom.errors import UnsupportedError
from tests.emulator.services.healthcare.instances import instance

Array = np.ndarray[Any, np.dtype[Any]]
ROWS, COLUMNS = 13, 22
BASE = "1.2.840.10008.1.2."
JPEG_LS, JPEG_2000, RLE, JPEG = BASE + "4.80", BASE + "4.90", BASE + "5", BASE + "4.50"
LOSSLESS = (syntaxes.EXPLICIT, syntaxes.IMPLICIT, syntaxes.DEFLATED, JPEG_LS, JPEG_2000, RLE)


def noise(low: int, high: int, shape: tuple[int, ...]) -> Array:
    """The same for the same arguments, whatever was made before."""
    return np.random.default_rng(1).integers(low, high, shape)


def grey(bits: int, *, signed: bool = False, frames: int = 1) -> Array:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    kind = np.dtype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")
    return noise(low, high, (frames, ROWS, COLUMNS)).astype(kind)


def colour(frames: int = 1) -> Array:
    return noise(0, 256, (frames, ROWS, COLUMNS, 3)).astype("u1")


def made(pixels: Array, **attributes: Any) -> pydicom.Dataset:
    frames = len(pixels)
    dataset = instance(Rows=ROWS, Columns=COLUMNS)
    bits = pixels.dtype.itemsize * 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    if frames > 1:
        dataset.NumberOfFrames = frames
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def coloured(pixels: Array, meaning: str, planar: int = 0) -> pydicom.Dataset:
    stored = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)) if planar else pixels
    return made(stored, SamplesPerPixel=3, PhotometricInterpretation=meaning, PlanarConfiguration=planar)


def half_coloured() -> pydicom.Dataset:
    """YBR_FULL_422: two luminances, then the chrominances that they share (PS3.3 C.7.6.3.1.2)."""
    full = colour()[0]
    pairs = np.concatenate([full[:, 0::2, :1], full[:, 1::2, :1], full[:, 0::2, 1:]], axis=2)
    dataset = made(full[np.newaxis], SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL_422", PlanarConfiguration=0)
    dataset.PixelData = pairs.tobytes() + b"\0" * (pairs.nbytes % 2)
    return dataset


def palette() -> pydicom.Dataset:
    dataset = made(grey(8), PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{name}PaletteColorLookupTableData", noise(0, 65536, (256,)).astype("<u2").tobytes())
    return dataset


def compressed(dataset: pydicom.Dataset, syntax: str, encode: Callable[[Array], bytes | bytearray]) -> pydicom.Dataset:
    frames = [bytes(encode(frame)) for frame in frames_of(dataset)]
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def frames_of(dataset: pydicom.Dataset) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pixel_array(dataset, raw=True)
    return found if int(dataset.get("NumberOfFrames") or 1) > 1 else found[np.newaxis]


INPUTS: dict[str, Callable[[], pydicom.Dataset]] = {
    "grey 8": lambda: made(grey(8)),
    "grey 8, three frames": lambda: made(grey(8, frames=3)),
    "grey 8 in 16": lambda: made(grey(8).astype("u2"), BitsStored=8, HighBit=7),
    "grey 12": lambda: made(grey(12), BitsStored=12, HighBit=11),
    "grey 12, inverse": lambda: made(grey(12), BitsStored=12, HighBit=11, PhotometricInterpretation="MONOCHROME1"),
    "grey 16": lambda: made(grey(16)),
    "grey 16 signed": lambda: made(grey(16, signed=True)),
    "grey 12 signed": lambda: made(grey(12, signed=True), BitsStored=12, HighBit=11),
    "palette": palette,
    "RGB": lambda: coloured(colour(), "RGB"),
    "RGB by planes": lambda: coloured(colour(2), "RGB", planar=1),
    "YBR_FULL": lambda: coloured(colour(), "YBR_FULL"),
    "YBR_FULL_422": half_coloured,
    "JPEG-LS": lambda: compressed(made(grey(16)), JPEG_LS, imagecodecs.jpegls_encode),
    "JPEG 2000": lambda: compressed(
        coloured(colour(), "RGB"), JPEG_2000, lambda f: imagecodecs.jpeg2k_encode(f, codecformat="j2k", reversible=True)
    ),
}


@pytest.fixture
def converted(tmp_path: Path) -> Callable[[pydicom.Dataset, str], pydicom.Dataset]:
    """Writes a dataset to a file, converts it, and reads what came out."""

    def convert(dataset: pydicom.Dataset, syntax: str) -> pydicom.Dataset:
        path = tmp_path / "instance.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return pydicom.dcmread(BytesIO(transcode.to_syntax(str(path), syntax)))

    return convert


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("kind", INPUTS)
def test_pixels_and_labels_agree(
    converted: Callable[[pydicom.Dataset, str], pydicom.Dataset], kind: str, syntax: str
) -> None:
    source = INPUTS[kind]()
    before = frames_of(source)
    result = converted(source, syntax)
    assert result.file_meta.TransferSyntaxUID == syntax
    np.testing.assert_array_equal(frames_of(result), before)
    assert result.BitsStored == source.BitsStored
    assert result.HighBit == result.BitsStored - 1
    assert "LossyImageCompression" not in result
    if syntax in syntaxes.NATIVE:
        return
    meaning = {"YBR_FULL_422": "YBR_FULL"}.get(source.PhotometricInterpretation, source.PhotometricInterpretation)
    transformed = syntax == JPEG_2000 and meaning == "RGB"
    assert result.PhotometricInterpretation == ("YBR_RCT" if transformed else meaning)
    assert result.get("PlanarConfiguration", 0) == 0
    first = next(generate_frames(result.PixelData, number_of_frames=len(before)))
    if syntax == JPEG_2000:
        assert precision_of(first) == (source.BitsStored, bool(source.PixelRepresentation))
        assert uses_transform(first) is transformed
    if syntax == JPEG_LS:
        assert first[first.index(b"\xff\xf7") + 4] == source.BitsStored  # ITU-T T.87 C.2.2: P of the frame header


def precision_of(codestream: bytes) -> tuple[int, bool]:
    """Bits of the first component, and whether they are signed: of the SIZ segment (ISO/IEC 15444-1 A.5.1)."""
    at = codestream.index(b"\xff\x51") + 40
    return (codestream[at] & 0x7F) + 1, bool(codestream[at] & 0x80)


def uses_transform(codestream: bytes) -> bool:
    """Whether the components are transformed: of the COD segment (ISO/IEC 15444-1 A.6.1)."""
    return bool(codestream[codestream.index(b"\xff\x52") + 8])


@pytest.mark.parametrize("kind", INPUTS)
def test_jpeg_baseline(converted: Callable[[pydicom.Dataset, str], pydicom.Dataset], kind: str) -> None:
    """Of 8 bits, marked as lossy; a palette's indexes are no shades."""
    source = INPUTS[kind]()
    if source.BitsAllocated > 8 or kind == "palette":
        with pytest.raises(UnsupportedError, match="JPEG baseline"):
            converted(source, JPEG)
        return
    result = converted(source, JPEG)
    assert result.LossyImageCompression == "01"
    assert result.LossyImageCompressionMethod == "ISO_10918_1"
    assert float(result.LossyImageCompressionRatio) > 0
    wanted = "YBR_FULL_422" if source.SamplesPerPixel == 3 else source.PhotometricInterpretation
    assert result.PhotometricInterpretation == wanted
    shown, wanted_pixels = (pixel_array(each).astype(int) for each in (result, source))
    assert np.abs(shown - wanted_pixels).mean() < 45  # noise is the worst that can be compressed


@pytest.mark.parametrize("size", [1, 2, 4, 9])
def test_a_small_frame_of_noise_fits_jpeg_ls(
    converted: Callable[[pydicom.Dataset, str], pydicom.Dataset], size: int
) -> None:
    """Which is longer with its header than the pixels are."""
    for pixels in (grey(8)[:, :size, :size], grey(12)[:, :size, :size]):
        source = made(pixels, Rows=size, Columns=size)
        np.testing.assert_array_equal(frames_of(converted(source, JPEG_LS)), pixels)


def test_labels_say_the_bits_that_a_codec_has(
    converted: Callable[[pydicom.Dataset, str], pydicom.Dataset],
) -> None:
    """PS3.5 8.2.1: JPEG baseline stores 8 bits; 8.2.3: JPEG-LS at least 2."""
    source = made(grey(6), BitsStored=6, HighBit=5)
    result = converted(source, JPEG)
    assert (result.BitsAllocated, result.BitsStored, result.HighBit) == (8, 8, 7)
    bits = grey(1)
    result = converted(made(bits, BitsStored=1, HighBit=0), JPEG_LS)
    assert (result.BitsAllocated, result.BitsStored, result.HighBit) == (8, 2, 1)
    np.testing.assert_array_equal(frames_of(result), bits)


def test_bits_that_lie_high_are_moved(converted: Callable[[pydicom.Dataset, str], pydicom.Dataset]) -> None:
    """High Bit 15 of 12 stored; PS3.5 8.1.1 has since allowed 11 only."""
    pixels = grey(12)
    source = made(pixels << 4, BitsStored=12, HighBit=15)
    for syntax in (JPEG_2000, RLE, JPEG_LS):
        result = converted(source, syntax)
        assert (result.BitsStored, result.HighBit) == (12, 11)
        np.testing.assert_array_equal(frames_of(result), pixels)


def test_one_bit_a_pixel_is_packed(converted: Callable[[pydicom.Dataset, str], pydicom.Dataset]) -> None:
    """PS3.5 8.1.1: eight pixels a byte, the first in the lowest bit, frames one after the other."""
    bits = noise(0, 2, (3, ROWS, COLUMNS)).astype("u1")
    source = made(bits, BitsAllocated=1, BitsStored=1, HighBit=0)
    source = compressed_bits(source, bits)
    result = converted(source, syntaxes.EXPLICIT)
    assert (result.BitsAllocated, len(result.PixelData)) == (1, (bits.size + 15) // 16 * 2)
    np.testing.assert_array_equal(frames_of(result), bits)


def compressed_bits(dataset: pydicom.Dataset, bits: Array) -> pydicom.Dataset:
    frames = [bytes(imagecodecs.jpeg2k_encode(f, codecformat="j2k", reversible=True, bitspersample=1)) for f in bits]
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = UID(JPEG_2000)
    return dataset


def test_run_lengths_have_a_segment_for_each_allocated_byte() -> None:
    """PS3.5 G.2, whatever the number of bits stored; a large picture takes no time to speak of."""
    assert run_lengths(grey(8).astype("u2")[0], 2)[:4] == b"\2\0\0\0"
    assert run_lengths(colour()[0], 1)[:4] == b"\3\0\0\0"
    large = run_lengths(noise(0, 4096, (3000, 4500)).astype("u2"), 2)
    assert len(large) > 3000 * 4500


@pytest.mark.parametrize(
    "change",
    [
        {"SamplesPerPixel": None},
        {"PixelRepresentation": None},
        {"PhotometricInterpretation": "STRANGE", "SamplesPerPixel": 3},
        {"PhotometricInterpretation": None},
        {"Rows": None},
        {"BitsAllocated": 64},
        {"Rows": 40_000},
    ],
    ids=str,
)
def test_what_is_odd_is_converted_or_refused_in_a_sentence(
    converted: Callable[[pydicom.Dataset, str], pydicom.Dataset], change: dict[str, Any]
) -> None:
    for syntax in (JPEG_2000, RLE, JPEG):
        source = made(grey(8))
        for keyword, value in change.items():
            if value is None:
                delattr(source, keyword)
            else:
                setattr(source, keyword, value)
        with suppress(UnsupportedError):  # the one way to refuse
            assert converted(source, syntax).file_meta.TransferSyntaxUID == syntax
