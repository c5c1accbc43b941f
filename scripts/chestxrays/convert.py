"""A film's PNG or JPEG and its record to a DICOM file: Digital X-Ray Image Storage - For Presentation (PS3.3 A.26).

Pure: the same image, record and syntax give the same bytes, everywhere. Where each column of the lists goes is in
docs/chest-xrays-as-dicom.md, and in code in describing.py.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from emulator.dicom.elements import encapsulated, file_head, joined, native
from scripts.chestxrays.decoding import Picture, decode
from scripts.chestxrays.describing import SOP_CLASS, describe
from scripts.chestxrays.errors import ConversionError
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import instance_uid, uid_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ConversionError", "Syntax", "compressed", "to_dicom"]

CONVERTER = "HCPOC_CHEST_1"
"""ImplementationVersionName; another number when the same film gives other bytes."""


class Syntax(StrEnum):
    """How the pixels are written; all three give them back as they were."""

    UNCOMPRESSED = "uncompressed"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"

    @property
    def uid(self) -> str:
        """The Transfer Syntax UID (PS3.5 10, PS3.6 A)."""
        return _SYNTAX_UIDS[self]


_SYNTAX_UIDS = {
    Syntax.UNCOMPRESSED: "1.2.840.10008.1.2.1",
    Syntax.JPEG_LS: "1.2.840.10008.1.2.4.80",
    Syntax.JPEG_2000: "1.2.840.10008.1.2.4.90",
}


def to_dicom(image: bytes, record: FilmRecord, syntax: Syntax = Syntax.UNCOMPRESSED) -> bytes:
    """The film as a DICOM file.

    `image` is the PNG's or JPEG's bytes. Raises ConversionError when they are no grey image.
    """
    picture = decode(image)
    header = joined(describe(record, picture))
    head = file_head(SOP_CLASS, instance_uid(record), syntax.uid, (uid_of("implementation"), CONVERTER))
    return b"".join([head, header, *_pixel_data(picture, syntax)])


def _pixel_data(picture: Picture, syntax: Syntax) -> list[bytes]:
    pixels: NDArray[Any] = picture.pixels
    if syntax is Syntax.UNCOMPRESSED:
        little = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
        return native(little.tobytes(), words=pixels.itemsize == 2)
    return encapsulated(compressed(pixels, syntax))


def compressed(pixels: NDArray[Any], syntax: Syntax) -> bytes:
    """The frame as a codestream, without the JP2 boxes that PS3.5 8.2.4 forbids. Raises ConversionError."""
    import imagecodecs

    try:
        if syntax is Syntax.JPEG_LS:
            return bytes(imagecodecs.jpegls_encode(pixels))
        # One resolution more for each halving that leaves a pixel: OpenJPEG refuses more than the image has.
        resolutions = min(6, min(pixels.shape).bit_length())
        return bytes(
            imagecodecs.jpeg2k_encode(
                pixels, level=0, codecformat="j2k", reversible=True, mct=False, resolutions=resolutions
            )
        )
    except (ValueError, RuntimeError) as error:
        raise ConversionError(f"The image can't be written as {syntax}; take --syntax uncompressed for it.") from error
