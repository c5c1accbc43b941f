"""Text in DICOM's character sets (PS3.5 6.1, PS3.3 C.12.1.1.2) to str."""

import functools
import warnings

# The three that nearly every file uses are decoded directly; pydicom knows the rest, escape sequences included.
# Without a declaration the repertoire is ASCII; Latin-1 is what readers take when a file breaks that rule.
_DIRECT = {"": "latin-1", "ISO_IR 6": "latin-1", "ISO_IR 100": "latin-1", "ISO_IR 192": "utf-8"}


class Charset:
    """The character set of one dataset."""

    __slots__ = ("_codec", "_terms")

    def __init__(self, terms: tuple[str, ...] = ()) -> None:
        """Take the values of SpecificCharacterSet (0008,0005); unknown terms are read as the default repertoire."""
        self._terms = terms
        self._codec = _DIRECT.get(terms[0] if terms else "") if len(terms) < 2 else None

    def decode(self, raw: bytes, person_name: bool = False) -> str:
        """Decode a value; what cannot be decoded becomes U+FFFD. Bytes without escapes and above 7F need no table."""
        if self._codec is not None:
            return raw.decode(self._codec, "replace")
        if raw.isascii() and b"\x1b" not in raw:
            return raw.decode("ascii")
        return self._decode_extended(raw, person_name)

    def encode(self, text: str) -> bytes:
        """Encode a value, as `decode` reads it; a character that the repertoire lacks becomes a question mark."""
        if self._codec is not None:
            return text.encode(self._codec, "replace")
        if text.isascii():
            return text.encode()
        from pydicom.charset import encode_string

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bytes(encode_string(text, list(_python_encodings(self._terms))))

    def _decode_extended(self, raw: bytes, person_name: bool) -> str:
        from pydicom.charset import decode_bytes
        from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

        delimiters = TEXT_VR_DELIMS | (PN_DELIMS if person_name else set())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(decode_bytes(raw, list(_python_encodings(self._terms)), delimiters))


@functools.lru_cache(maxsize=64)
def _python_encodings(terms: tuple[str, ...]) -> tuple[str, ...]:
    from pydicom.charset import convert_encodings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tuple(convert_encodings(list(terms)))
        except (LookupError, ValueError):
            return ("iso8859",)


@functools.lru_cache(maxsize=64)
def charset(terms: tuple[str, ...]) -> Charset:
    """The (shared, stateless) decoder of these SpecificCharacterSet values."""
    return Charset(terms)


DEFAULT = charset(())
