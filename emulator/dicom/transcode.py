"""An instance, or frames of it, in another transfer syntax. Runs in a process pool: it decodes and encodes pixels."""

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from emulator.dicom import syntaxes
from emulator.dicom.errors import UnsupportedError

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import FileDataset

    Image = np.ndarray[Any, np.dtype[Any]]

_JPEG = "1.2.840.10008.1.2.4.50"
_JPEG_QUALITY = 90
_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def to_syntax(path: str, syntax: str) -> bytes:
    """Give the whole file in a syntax; UnsupportedError, in one sentence, where that cannot be."""
    from pydicom.uid import UID

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = _read(path)
        if dataset.file_meta.TransferSyntaxUID == syntaxes.BIG_ENDIAN:
            _make_little_endian(dataset)
        if any(keyword in dataset for keyword in _PIXEL_KEYWORDS):
            _decompress(dataset)
            if syntax not in syntaxes.NATIVE:
                _compress(dataset, syntax)
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        target = BytesIO()
        try:
            if any(element.VR is None for element in dataset.values()):
                list(dataset.iterall())  # finds the VRs that a file leaves out, even one that says it has them
            dataset.save_as(target, enforce_file_format=True)
        except (ValueError, TypeError, AttributeError, KeyError, NotImplementedError) as problem:
            raise _cannot(f"written in transfer syntax {syntax}", problem) from None
        return target.getvalue()


def frames_in_syntax(path: str, numbers: list[int], syntax: str) -> list[bytes]:
    """Give frames (from 1): uncompressed little endian bytes, or compressed ones of a syntax."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = _read(path)
        if syntax in syntaxes.NATIVE:
            return [_decoded_bytes(dataset, number) for number in numbers]
        encode = _encoder(dataset, syntax)
        return [encode(_decoded(dataset, number)) for number in numbers]


def frames_as_png(path: str, numbers: list[int]) -> list[bytes]:
    """Give frames (from 1) as PNG with the samples that they have: grey or RGB, unsigned, of 8 or 16 bits."""
    import imagecodecs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = _read(path)
        found = []
        for number in numbers:
            frame = _decoded(dataset, number)
            if frame.dtype.kind != "u" or frame.dtype.itemsize > 2:
                raise _cannot("given as PNG: its samples are signed, or have more than 16 bits")
            found.append(bytes(imagecodecs.png_encode(frame, level=1)))
        return found


def stored_frames(path: str) -> list[bytes]:
    """Give every frame as it is in the file: compressed where it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = _read(path)
        count = int(dataset.get("NumberOfFrames") or 1)
        if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            return [_decoded_bytes(dataset, number) for number in range(1, count + 1)]
        from pydicom.encaps import generate_frames

        return list(generate_frames(dataset.PixelData, number_of_frames=count))


def _read(path: str) -> "FileDataset":
    from pydicom import dcmread

    return dcmread(path)


def _cannot(what: str, problem: Exception | None = None) -> UnsupportedError:
    """Make the refusal; of a library's message only the kind is kept, since it may quote values of the instance."""
    kind = f" ({type(problem).__name__})" if problem is not None else ""
    return UnsupportedError(f"The instance cannot be {what}{kind}.")


def _decompress(dataset: "FileDataset") -> None:
    """Make the pixels native."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return
    try:
        dataset.decompress(generate_instance_uid=False)
    except Exception as problem:  # noqa: BLE001 (codecs raise what they like)
        raise _cannot(f"decoded from transfer syntax {syntax}", problem) from None


def _make_little_endian(dataset: "FileDataset") -> None:
    """Make a big endian dataset an explicit little endian one; pydicom itself would leave the words of OW alone."""
    from pydicom.uid import ExplicitVRLittleEndian

    from emulator.dicom.header import swapped

    elements = list(dataset.iterall())  # which also decodes every value, before the encoding is changed
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    for element in elements:
        if element.VR in ("OW", "OL", "OF", "OD", "OV") and isinstance(element.value, bytes):
            wide = element.keyword == "PixelData" and int(dataset.get("BitsAllocated", 16)) // 8
            element.value = swapped(element.value, element.VR, wide if wide > 2 else 0)


def _compress(dataset: "FileDataset", syntax: str) -> None:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.utils import get_nr_frames

    if "PixelData" not in dataset:
        raise _cannot(f"compressed to transfer syntax {syntax}: it has float pixel data")
    encode = _encoder(dataset, syntax)
    frames = [encode(_decoded(dataset, number)) for number in range(1, get_nr_frames(dataset) + 1)]
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    if dataset.SamplesPerPixel > 1:
        dataset.PlanarConfiguration = 0
    if syntax == _JPEG:
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
        if dataset.SamplesPerPixel > 1:
            dataset.PhotometricInterpretation = "YBR_FULL_422"


def _decoded(dataset: "FileDataset", number: int) -> "Image":
    """Decode one frame to an array: rows, columns[, samples]."""
    import numpy as np
    from pydicom.pixels.utils import pixel_array

    try:
        return np.ascontiguousarray(pixel_array(dataset, index=number - 1))
    except Exception as problem:  # noqa: BLE001 (codecs raise what they like)
        raise _cannot(f"decoded from transfer syntax {dataset.file_meta.TransferSyntaxUID}", problem) from None


def _decoded_bytes(dataset: "FileDataset", number: int) -> bytes:
    frame = _decoded(dataset, number)
    return frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()


def _encoder(dataset: "FileDataset", syntax: str) -> Callable[["Image"], bytes]:
    """Give what compresses one frame to a syntax; UnsupportedError where no codec does it."""
    import imagecodecs

    bits = int(dataset.BitsAllocated)
    colour = int(dataset.SamplesPerPixel) > 1
    if bits not in (8, 16):
        raise _cannot(f"compressed to transfer syntax {syntax}: it has {bits} bits a sample")
    if syntax == _JPEG:
        if bits > 8 or dataset.PixelRepresentation:
            raise _cannot("compressed to JPEG baseline, which takes 8 bits")
        return lambda frame: bytes(imagecodecs.jpeg8_encode(frame, level=_JPEG_QUALITY))
    if syntax.endswith((".4.80", ".4.81")) and not dataset.PixelRepresentation:
        return lambda frame: bytes(imagecodecs.jpegls_encode(frame))
    if syntax.endswith((".4.90", ".4.91")):
        return lambda frame: bytes(imagecodecs.jpeg2k_encode(frame, codecformat="j2k", reversible=True, mct=colour))
    if syntax.endswith(".2.5"):
        return lambda frame: _run_lengths(dataset, frame)
    raise _cannot(f"compressed to transfer syntax {syntax}: there is no encoder for it")


def _run_lengths(dataset: "FileDataset", frame: "Image") -> bytes:
    from pydicom.pixels.encoders.base import RLELosslessEncoder
    from pydicom.pixels.utils import as_pixel_options

    options = as_pixel_options(dataset)
    options["number_of_frames"] = 1
    return RLELosslessEncoder.encode(frame, encoding_plugin="pydicom", **options)
