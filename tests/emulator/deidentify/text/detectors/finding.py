"""What the rules find in a text, as pairs of infoType and words."""

from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules

_CLEANER = Cleaner(TextRules.basic(), Secret(bytes(32)))


def found(text: str, info_type: str) -> list[str]:
    """The words of a text that are found under an infoType."""
    findings = _CLEANER.find(text, Known.none())
    return [text[each.start : each.end] for each in findings if each.info_type == info_type]
