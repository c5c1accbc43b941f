"""What may be decoded: looked at in the header and in the frames' own headers, before memory is taken for pixels."""

from collections.abc import Sequence
from mmap import mmap
from typing import Any

from emulator.dicom import codestreams, syntaxes
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.frames import PixelData, Ranges, encapsulated_frames, frame_count, whole_number

Json = dict[str, Any]

MAX_FRAME_SAMPLES = 1 << 28
"""Rows x columns x samples of one frame: 16384 x 16384 grey pixels."""
MAX_DECODED = 1 << 30
"""Bytes of all the frames that one request decodes, unpacked."""

_RLE = "1.2.840.10008.1.2.5"


def check(
    data: bytes | mmap, elements: Json, pixels: PixelData, syntax: str, numbers: Sequence[int] | None = None
) -> None:
    """Raise UnsupportedError, in one sentence, unless frames (from 1; None for all) may be decoded.

    Each frame's own header must agree with Rows, Columns and SamplesPerPixel, since a codec believes its stream.
    """
    rows, columns, samples, allocated = (whole_number(elements, tag, 0) for tag in _SIZE)
    wanted = len(numbers) if numbers is not None else frame_count(elements)
    frame = rows * columns * max(1, samples)
    if frame > MAX_FRAME_SAMPLES:
        raise UnsupportedError(
            f"The instance cannot be decoded: a frame of {columns} x {rows} pixels with {max(1, samples)} samples is "
            f"more than is decoded here, {MAX_FRAME_SAMPLES} samples."
        )
    if (size := frame * wanted * max(1, -(-allocated // 8))) > MAX_DECODED:
        raise UnsupportedError(
            f"The instance cannot be decoded: {wanted} frames are {size} bytes unpacked; up to {MAX_DECODED} are "
            "decoded here at once."
        )
    if not pixels.encapsulated:
        return
    found = encapsulated_frames(data, pixels, frame_count(elements))
    for number in numbers if numbers is not None else range(1, len(found) + 1):
        if not 1 <= number <= len(found):
            raise UnsupportedError(f"The pixel data holds {len(found)} frames only.")
        _check_frame(data, found[number - 1], syntax, codestreams.Size(rows, columns, samples))


_SIZE = ("00280010", "00280011", "00280002", "00280100")


def _check_frame(data: bytes | mmap, ranges: Ranges, syntax: str, said: codestreams.Size) -> None:
    head = b""
    for start, end in ranges:
        head += data[start : min(end, start + codestreams.LOOKED_AT - len(head))]
        if len(head) >= codestreams.LOOKED_AT:
            break
    if syntax == _RLE:
        codestreams.check_run_lengths(head, sum(end - start for start, end in ranges))
        return
    if syntax not in syntaxes.MEDIA_OF_SYNTAX:
        return
    own = codestreams.size_of(head)
    if own is None:
        return
    pairs = ((own.rows, said.rows), (own.columns, said.columns), (own.samples, said.samples))
    if any(mine and mine != theirs for mine, theirs in pairs):
        raise UnsupportedError(
            f"The instance cannot be decoded: its compressed pixels are {own.columns} x {own.rows} with "
            f"{own.samples or 'unknown'} samples by their own header, and {said.columns} x {said.rows} with "
            f"{said.samples} by the instance's."
        )
