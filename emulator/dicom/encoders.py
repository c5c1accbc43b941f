"""Encoders of one frame, by transfer syntax, with what a dataset says of frames that they made (PS3.5 8.2)."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from emulator.dicom import jpeg, jpeg2000, packbits
from emulator.dicom.errors import UnsupportedError

if TYPE_CHECKING:
    import numpy as np

    Image = np.ndarray[Any, np.dtype[Any]]

JPEG = "1.2.840.10008.1.2.4.50"
_COLOURS = ("RGB", "YBR_FULL")
_JPEG_LS_ROOM = 256
"""Bytes behind the pixels: the encoder has twice as much room as it is given bytes."""


@dataclass(frozen=True)
class Pixels:
    """What frames hold: samples a pixel, bits as allocated and stored, signed or not, photometric interpretation."""

    samples: int
    allocated: int
    stored: int
    signed: bool
    meaning: str


@dataclass(frozen=True)
class Encoder:
    """Makes compressed frames, and the attributes that a dataset has of them then."""

    encode: Callable[["Image"], bytes]
    labels: Mapping[str, Any] = field(default_factory=dict)


def encoder(pixels: Pixels, syntax: str) -> Encoder:
    """What compresses frames of that kind to a syntax; UnsupportedError, in one sentence, where nothing here does."""
    if pixels.allocated not in (8, 16):
        raise _cannot(f"compressed to transfer syntax {syntax}: it has {pixels.allocated} bits a sample")
    if pixels.samples not in (1, 3) or (pixels.samples == 3 and pixels.meaning not in _COLOURS):
        raise _cannot(f"compressed to transfer syntax {syntax}: its pixels are of a kind that is not known")
    if syntax == JPEG:
        return _jpeg(pixels)
    if syntax.endswith(".4.80") or (syntax.endswith(".4.81") and not pixels.signed):
        return _jpeg_ls(pixels)
    if syntax.endswith((".4.90", ".4.91")):
        return _jpeg_2000(pixels)
    if syntax.endswith(".2.5"):
        return Encoder(lambda frame: run_lengths(frame, pixels.allocated // 8))
    raise _cannot(f"compressed to transfer syntax {syntax}: there is no encoder for it")


def _cannot(what: str) -> UnsupportedError:
    return UnsupportedError(f"The instance cannot be {what}.")


def _jpeg(pixels: Pixels) -> Encoder:
    """JPEG baseline, of 8 bits and lossy: indexes of a palette would become those of other colours (PS3.5 8.2.1)."""
    if pixels.allocated > 8 or pixels.signed:
        raise _cannot("compressed to JPEG baseline, which takes 8 bits without a sign")
    if pixels.meaning == "PALETTE COLOR":
        raise _cannot("compressed to JPEG baseline, which would change the indexes of its palette")
    labels = {
        "LossyImageCompression": "01",
        "LossyImageCompressionMethod": "ISO_10918_1",
        "BitsStored": 8,
        "HighBit": 7,
    }
    if pixels.samples == 1:
        return Encoder(jpeg.encode, labels)
    space = "RGB" if pixels.meaning == "RGB" else "YCbCr"
    half = partial(jpeg.encode, colours=space, subsampling="4:2:2")
    return Encoder(half, {**labels, "PhotometricInterpretation": "YBR_FULL_422"})


def _jpeg_ls(pixels: Pixels) -> Encoder:
    """JPEG-LS without loss; the stream says how many bits are stored, two at least (PS3.5 8.2.3)."""
    import _CharLS  # of jpeg_ls, whose own functions give a small frame too little room for its header

    def encode(frame: "Image") -> bytes:
        rows, columns = frame.shape[:2]
        kept = _stored_only(frame, pixels)
        if pixels.signed:  # two's complement within the stored bits, as decoders give it a sign again
            kept = kept.view(f"u{kept.dtype.itemsize}") & ((1 << pixels.stored) - 1)
        mode = 2 if pixels.samples > 1 else 0  # colour by pixel
        padded = kept.tobytes() + b"\0" * _JPEG_LS_ROOM
        return bytes(_CharLS._encode(padded, 0, mode, rows, columns, pixels.samples, pixels.stored))  # noqa: SLF001

    return Encoder(encode, {"BitsStored": 2, "HighBit": 1} if pixels.stored == 1 else {})


def _stored_only(frame: "Image", pixels: Pixels) -> "Image":
    """The frame without what lies above the stored bits (overlays of old), in the smallest type that holds them.

    A codec goes by the type of the array, and by the bits that it is told.
    """
    import numpy as np

    if pixels.stored < pixels.allocated:
        unused = frame.dtype.itemsize * 8 - pixels.stored
        frame = (frame << unused) >> unused  # also keeps the sign
    if pixels.stored <= 8 < pixels.allocated:
        frame = frame.astype(np.int8 if pixels.signed else np.uint8)
    return frame


def _jpeg_2000(pixels: Pixels) -> Encoder:
    """JPEG 2000 without loss: RGB by the reversible colour transform, anything else as it is (PS3.5 8.2.4)."""
    transformed = pixels.samples == 3 and pixels.meaning == "RGB"

    def encode(frame: "Image") -> bytes:
        return jpeg2000.encode(_stored_only(frame, pixels), pixels.stored, transform=transformed)

    return Encoder(encode, {"PhotometricInterpretation": "YBR_RCT"} if transformed else {})


def run_lengths(frame: "Image", width: int) -> bytes:
    """RLE: a segment for each byte of each sample, the most significant first, each row packed alone (PS3.5 G).

    width is the bytes of a sample as allocated, however many bits of it are stored.
    """
    import numpy as np

    planes = frame[..., np.newaxis] if frame.ndim == 2 else frame
    rows, columns, samples = planes.shape
    wide = planes.astype(planes.dtype.newbyteorder(">") if width > 1 else planes.dtype, copy=False)
    octets = np.ascontiguousarray(wide).view(np.uint8).reshape(rows, columns, samples, -1)[..., -width:]
    segments = []
    for sample in range(samples):
        for place in range(width):
            packed = packbits.encode(np.ascontiguousarray(octets[:, :, sample, place]))
            segments.append(packed + b"\0" * (len(packed) % 2))
    offsets, at = [], 64
    for segment in segments:
        offsets.append(at)
        at += len(segment)
    head = struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(offsets)))
    return head + b"".join(segments)
