"""Text that is burned into pixels: found, read, and blackened where it identifies a person."""

from emulator.deidentify.image.boxes import Box
from emulator.deidentify.image.detection import DetectorMissing, TextDetector, available, detector
from emulator.deidentify.image.redaction import Redacted, Wanted, boxes_of, redact, texts_of
from emulator.deidentify.image.rules import ImageRules, Mode

__all__ = [
    "Box",
    "DetectorMissing",
    "ImageRules",
    "Mode",
    "Redacted",
    "TextDetector",
    "Wanted",
    "available",
    "boxes_of",
    "detector",
    "redact",
    "texts_of",
]
