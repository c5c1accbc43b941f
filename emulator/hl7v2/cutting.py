"""Texts cut at every delimiter in one go, with the shapes that tell what each value is (emulator.hl7v2.layouts)."""

import re

from emulator.hl7v2.layouts import SEPARATORS

_END = b"\r"
_STANDARD = b"".join(SEPARATORS).decode()


class Cutter:
    """Cuts texts at a message's delimiters: a field separator, then those of components, repetitions, subcomponents."""

    def __init__(self, delimiters: str) -> None:
        self._field, standard = delimiters[0], _STANDARD[: len(delimiters)]
        self._others = re.compile(f"[^{re.escape(delimiters)}]+")
        self._written = str.maketrans(delimiters, standard)
        self._one = str.maketrans(dict.fromkeys(delimiters, self._field))
        self.is_quick = delimiters.isascii()
        """Whether `segments` can be asked."""
        if self.is_quick:
            cut = delimiters.encode()
            self._all_one = bytes.maketrans(cut + _END, cut[:1] * (len(cut) + 1))
            self._all_written = bytes.maketrans(cut, standard.encode())
            self._dropped = bytes(set(range(256)).difference(cut, _END))

    def segments(self, text: str) -> tuple[list[str], list[bytes]]:
        """The values of segments that carriage returns divide, of all together, and the shape of each."""
        raw = text.encode()
        values = raw.translate(self._all_one).decode().split(self._field)
        return values, raw.translate(self._all_written, self._dropped).split(_END)

    def segment(self, text: str) -> tuple[list[str], bytes]:
        """The values of one segment and its shape, in which a carriage return is a character like others."""
        shape = self._others.sub("", text).translate(self._written).encode()
        return text.translate(self._one).split(self._field), shape
