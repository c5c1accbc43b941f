"""Transfer syntaxes (PS3.5 A, PS3.6 A): how pixels are encoded, and the media type of a frame (PS3.18 8.7.3.3)."""

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
ANY = "*"

DEFLATED_DATASETS = frozenset((DEFLATED, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"))
"""Syntaxes whose whole dataset is deflated (PS3.5 A.5, A.7, A.11)."""

NATIVE = frozenset((IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN))
"""Syntaxes whose pixels are not compressed."""

OCTETS = "application/octet-stream"

_BASE = "1.2.840.10008.1.2."
FRAME_TYPES: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("4.50", "4.51", "4.57", "4.70"),
    "image/jls": ("4.80", "4.81"),
    "image/jp2": ("4.90", "4.91"),
    "image/jphc": ("4.201", "4.202", "4.203"),
    "image/jxl": ("4.110", "4.111", "4.112"),
    "image/dicom-rle": ("5",),
    "application/x-deflate": ("8.1",),
}
"""Media type of a compressed frame: the ends of the syntaxes that it carries."""

MEDIA_OF_SYNTAX = {_BASE + end: media for media, ends in FRAME_TYPES.items() for end in ends}

RETRIEVABLE = (
    EXPLICIT,
    ANY,
    IMPLICIT,
    DEFLATED,
    *(_BASE + end for ends in FRAME_TYPES.values() for end in ends),
)
"""What the transfer-syntax parameter of a retrieval can be, the default first (Cloud Healthcare: retrieve)."""


def media_type(syntax: str) -> str:
    """The media type of a frame in a syntax."""
    return MEDIA_OF_SYNTAX.get(syntax, OCTETS)
