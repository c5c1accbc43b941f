"""An instance, or frames of it, in another transfer syntax. Runs in a process pool: it decodes and encodes pixels."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from emulator.dicom import encoders, frames, png, syntaxes
from emulator.dicom.decoding import cannot, decoded, pixels_of, refusing
from emulator.dicom.header import swapped
from emulator.dicom.high_bit import lower_high_bit
from emulator.dicom.reading import encapsulated, is_encapsulated, keep_odd_numbers, read, require_decodable, settle_vrs
from emulator.dicom.single_bits import elements_of

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def to_syntax(path: str, syntax: str) -> bytes:
    """The whole file in a syntax; UnsupportedError, in one sentence, where that cannot be."""
    from pydicom.uid import UID

    with refusing(f"written in transfer syntax {syntax}"):
        dataset = read(path)
        keep_odd_numbers(dataset)
        if dataset.file_meta.TransferSyntaxUID == syntaxes.BIG_ENDIAN:
            _make_little_endian(dataset)
        if any(keyword in dataset for keyword in _PIXEL_KEYWORDS):
            if syntax not in syntaxes.NATIVE:
                _compress(dataset, syntax)
            else:
                _decompress(dataset)
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        target = BytesIO()
        settle_vrs(dataset)
        dataset.save_as(target, enforce_file_format=True)
        return target.getvalue()


def frames_in_syntax(path: str, numbers: list[int], syntax: str) -> list[bytes]:
    """Frames (from 1): uncompressed little endian bytes, or compressed ones of a syntax."""
    with refusing(f"given in transfer syntax {syntax}"):
        dataset = read(path)
        if syntax in syntaxes.NATIVE:
            if dataset.file_meta.TransferSyntaxUID in syntaxes.NATIVE:
                return _native_frames(dataset, numbers)
            return [_decoded_bytes(dataset, number) for number in numbers]
        lower_high_bit(dataset)
        encode = encoders.encoder(pixels_of(dataset), syntax).encode
        return [encode(decoded(dataset, number, raw=True)) for number in numbers]


def frames_as_png(path: str, numbers: list[int]) -> list[bytes]:
    """Frames (from 1) as PNG with the samples that they have: grey or RGB, unsigned, of 8 or 16 bits."""
    with refusing("given as PNG"):
        dataset = read(path)
        found = []
        for number in numbers:
            frame = decoded(dataset, number)
            if frame.dtype.kind != "u" or frame.dtype.itemsize > 2:
                raise cannot("given as PNG: its samples are signed, or have more than 16 bits")
            found.append(png.encode(frame))
        return found


def stored_frames(path: str) -> list[bytes]:
    """Every frame as it is in the file: compressed where it is."""
    with refusing("given frame by frame"):
        dataset = read(path, as_stored=True)
        if is_encapsulated(dataset):
            return encapsulated(dataset)
        require_decodable(dataset)
        return _native_frames(dataset, range(1, int(dataset.get("NumberOfFrames") or 1) + 1))


def _decompress(dataset: "FileDataset") -> None:
    """Make the pixels native."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return
    if int(dataset.get("BitsAllocated") or 0) == 1:
        _decompress_bits(dataset)
        return
    try:
        dataset.decompress(generate_instance_uid=False)
    except Exception as problem:  # noqa: BLE001 (codecs raise what they like)
        raise cannot(f"decoded from transfer syntax {syntax}", problem) from None


def _decompress_bits(dataset: "FileDataset") -> None:
    """Make pixels of one bit native: eight a byte, all frames in one row of bits (PS3.5 8.1.1)."""
    import numpy as np
    from pydicom.pixels.utils import get_nr_frames

    found = [decoded(dataset, number).ravel() for number in range(1, get_nr_frames(dataset) + 1)]
    packed = np.packbits(np.concatenate(found).astype(bool), bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = False


def _make_little_endian(dataset: "FileDataset") -> None:
    """Make a big endian dataset an explicit little endian one; pydicom itself would leave the words of OW alone."""
    from pydicom.uid import ExplicitVRLittleEndian

    elements = list(dataset.iterall())  # which also decodes every value, before the encoding is changed
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    for element in elements:
        if element.VR in ("OW", "OL", "OF", "OD", "OV") and isinstance(element.value, bytes):
            wide = element.keyword == "PixelData" and int(dataset.get("BitsAllocated", 16)) // 8
            element.value = swapped(element.value, element.VR, wide if wide > 2 else 0)


def _compress(dataset: "FileDataset", syntax: str) -> None:
    """Make the pixels compressed, and let the labels say what was written (PS3.3 C.7.6.3)."""
    from pydicom.encaps import encapsulate
    from pydicom.pixels.utils import get_nr_frames

    if "PixelData" not in dataset:
        raise cannot(f"compressed to transfer syntax {syntax}: it has float pixel data")
    lower_high_bit(dataset)
    pixels = pixels_of(dataset)
    encoder = encoders.encoder(pixels, syntax)
    count = get_nr_frames(dataset)
    made = [encoder.encode(decoded(dataset, number, raw=True)) for number in range(1, count + 1)]
    size = count * int(dataset.Rows) * int(dataset.Columns) * pixels.samples * pixels.allocated // 8
    dataset.PixelData = encapsulate(made)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.PhotometricInterpretation = pixels.meaning
    if pixels.samples > 1:
        dataset.PlanarConfiguration = 0
    for keyword, value in encoder.labels.items():
        setattr(dataset, keyword, value)
    if "LossyImageCompression" in encoder.labels:
        dataset.LossyImageCompressionRatio = f"{size / max(1, sum(map(len, made))):.2f}"


def _native_frames(dataset: "FileDataset", numbers: Sequence[int]) -> list[bytes]:
    """Cut frames (from 1) out of pixels that are not compressed: the bytes that they have, little endian."""
    if dataset.file_meta.TransferSyntaxUID == syntaxes.BIG_ENDIAN:
        _make_little_endian(dataset)
    value = next(dataset[keyword].value for keyword in _PIXEL_KEYWORDS if keyword in dataset)
    elements = elements_of(dataset)
    pixels = frames.PixelData(0, len(value), encapsulated=False)
    if frames.starts_within_bytes(elements):
        return [frames.bit_frame(value, elements, pixels, number) for number in numbers]
    return [value[slice(*frames.native_range(elements, pixels, number))] for number in numbers]


def _decoded_bytes(dataset: "FileDataset", number: int) -> bytes:
    import numpy as np

    frame = decoded(dataset, number)
    if int(dataset.BitsAllocated) == 1:  # eight pixels a byte, the first in the lowest bit (PS3.5 8.1.1)
        return np.packbits(frame.astype(bool), axis=None, bitorder="little").tobytes()
    return frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()
