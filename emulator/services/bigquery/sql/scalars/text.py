"""Functions of text that the engine lacks.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from typing import Literal

from emulator.services.bigquery.sql.scalars.errors import ScalarError

FORMS: dict[str, Literal["NFC", "NFKC", "NFD", "NFKD"]] = {"NFC": "NFC", "NFKC": "NFKC", "NFD": "NFD", "NFKD": "NFKD"}
SAME_SOUND = ("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R")
SOUNDS = {letter: digit for digit, letters in enumerate(SAME_SOUND, 1) for letter in letters}
NUMBER = re.compile(
    r"\s*+(?P<sign>[+-]?)\s*+(?P<whole>[\d,]*+)(?P<rest>(?:\.\d*+)?(?:[eE][+-]?\d++)?)\s*+(?P<after>[+-]?)\s*+"
)
SILENT = "HW"  # letters between two of one sound that do not part them


def normalize(text: str, form: str, casefold: bool) -> str:
    """NORMALIZE and NORMALIZE_AND_CASEFOLD in one of FORMS, of Unicode's annex 15."""
    chosen = FORMS[form]
    return unicodedata.normalize(chosen, unicodedata.normalize(chosen, text).casefold() if casefold else text)


def soundex(text: str) -> str:
    """SOUNDEX: a letter and three digits, of the letters A to Z alone; nothing where there are none."""
    letters = [letter for letter in text.upper() if "A" <= letter <= "Z"]
    if not letters:
        return ""
    code, last = letters[0], SOUNDS.get(letters[0], 0)
    for letter in letters[1:]:
        sound = SOUNDS.get(letter, 0)
        if sound and sound != last:
            code += str(sound)
        if letter not in SILENT:
            last = sound
    return code.ljust(4, "0")[:4]


def code_points(text: str) -> list[int]:
    """TO_CODE_POINTS of a STRING."""
    return [ord(character) for character in text]


def byte_values(data: bytes) -> list[int]:
    """TO_CODE_POINTS of BYTES."""
    return list(data)


def string_of(points: list[int | None] | None) -> str | None:
    """CODE_POINTS_TO_STRING; None where one, or the array, is NULL. Raises ScalarError for what is no code point."""
    if points is None or None in points:
        return None
    for point in points:
        if point is None or not 0 <= point <= 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise ScalarError(f"Invalid codepoint {point}")
    return "".join(chr(point) for point in points if point is not None)


def bytes_of_values(values: list[int | None] | None) -> bytes | None:
    """CODE_POINTS_TO_BYTES; None where one, or the array, is NULL. Raises ScalarError for what is no byte."""
    if values is None or None in values:
        return None
    for value in values:
        if value is None or not 0 <= value <= 255:
            raise ScalarError(f"Invalid extended ASCII code points {value}")
    return bytes(value for value in values if value is not None)


def translate(text: str, source: str, target: str) -> str:
    """TRANSLATE. Raises ScalarError for a character that the source has twice."""
    for at, character in enumerate(source):
        if character in source[:at]:
            raise ScalarError(f'Duplicate character "{character}" in TRANSLATE source characters')
    return text.translate({ord(old): target[at : at + 1] or None for at, old in enumerate(source)})


def parse_numeric(text: str, function: str) -> str:
    """PARSE_NUMERIC and PARSE_BIGNUMERIC as far as the digits: commas and spaces left out, the sign in front."""
    match = NUMBER.fullmatch(text)
    if match is None or (match["sign"] and match["after"]) or not re.match(r",*\.?\d", match["whole"] + match["rest"]):
        raise ScalarError(f'Invalid input to {function}: "{text}"')
    return (match["sign"] or match["after"]) + match["whole"].replace(",", "") + match["rest"]


def sha512(data: bytes) -> bytes:
    """SHA512."""
    return hashlib.sha512(data).digest()


def to_base32(data: bytes) -> str:
    """TO_BASE32."""
    return base64.b32encode(data).decode()


def from_base32(text: str) -> bytes:
    """FROM_BASE32. Raises ScalarError for what is none."""
    try:
        return base64.b32decode(text)
    except binascii.Error:
        raise ScalarError("Failed to decode invalid base32 string") from None
