"""The texts of a film's header: comments, derivation, attribution."""

from __future__ import annotations

from scripts.chestxrays.decoding import Picture
from scripts.chestxrays.records import NO_FINDING, FilmRecord

ATTRIBUTION = (
    "Source: NIH Clinical Center, Chest X-ray Dataset (ChestX-ray14), https://nihcc.app.box.com/v/ChestXray-NIHCC.",
    (
        "Cite: Wang X, Peng Y, Lu L, Lu Z, Bagheri M, Summers RM. ChestX-ray8: Hospital-scale Chest X-ray Database and"
        " Benchmarks on Weakly-Supervised Classification and Localization of Common Thorax Diseases. IEEE CVPR 2017."
    ),
    "Terms: use is unrestricted; keep the link, acknowledge the NIH Clinical Center, cite the paper.",
)
"""As NIH's README asks for."""

_MOST_LONG_TEXT, _MOST_SHORT_TEXT = 10240, 1024


def only_printable(text: str) -> str:
    """`text` on one line and without the backslash, which would part two values (PS3.5 6.2)."""
    return " ".join("".join(letter if letter.isprintable() and letter != "\\" else " " for letter in text).split())


def fits(text: str, most: int) -> bool:
    """Is `text` at most `most` bytes? The standard counts characters (PS3.5 6.2), many a PACS and dciodvfy bytes."""
    return len(text.encode()) <= most


def shortened(text: str, most: int) -> str:
    """`text`, or as much as `most` bytes hold with an ellipsis that says so."""
    return text if fits(text, most) else text.encode()[: most - 3].decode(errors="ignore") + "..."


def comments(record: FilmRecord, *, nih: bool, synthetic: bool) -> str:
    """ImageComments (LT, C.7.6.1): name, findings, boxes, split, and where all that is from."""
    lines = ["SYNTHETIC IMAGE, NOT A PATIENT"] if synthetic else []
    lines.append(f"Image Index: {only_printable(record.index)}")
    if record.findings:
        lines.append(f"Finding Labels: {'|'.join(only_printable(name) for name in record.findings)}")
    elif nih or synthetic:
        lines.append(f"Finding Labels: {NO_FINDING}")
    if nih:
        lines.append(
            f"Labels: release {record.version}, mined from the text of radiology reports, not read from the image."
        )
    lines += [
        f"Box: {only_printable(box.finding)} x={box.x:.1f} y={box.y:.1f} width={box.width:.1f} height={box.height:.1f}"
        for box in record.boxes
    ]
    if record.boxes:
        lines.append("Boxes: pixels of the 1024 x 1024 film from its upper left, drawn by a radiologist.")
    if record.split:
        lines.append(f"Split: {record.split}")
    if record.spacing is None:
        lines.append("Pixel spacing: unknown; the 1 mm in ImagerPixelSpacing is a placeholder. Do not measure.")
    lines += ATTRIBUTION if nih else ()
    return shortened("\r\n".join(lines), _MOST_LONG_TEXT)


def derivation(record: FilmRecord, picture: Picture, *, nih: bool) -> str:
    """DerivationDescription (ST, C.7.6.1): what became of the film before and here."""
    rows, columns = picture.pixels.shape
    bits = 8 * picture.pixels.itemsize
    kind = "PNG" if picture.lossy_ratio is None else "JPEG (lossy)"
    if picture.synthetic:
        return f"Generated image, read from {kind}, {bits} bit; pixels unchanged."
    if nih:
        size = f"{record.width} x {record.height} pixels" if record.width and record.height else "its original size"
        return shortened(
            f"By NIH: DICOM original of {size} scaled to 1024 x 1024, its range mapped to 8 bit grey, saved as PNG. "
            f"Here: {kind} of {columns} x {rows}, {bits} bit, to DICOM; grey values unchanged.",
            _MOST_SHORT_TEXT,
        )
    return f"Read from {kind} of {columns} x {rows}, {bits} bit; grey values unchanged. What came before is not known."
