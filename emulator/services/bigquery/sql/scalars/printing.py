"""FORMAT: printf as GoogleSQL has it.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#format_string
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from emulator.services.bigquery.sql.scalars.errors import ScalarError

SPECIFIER = re.compile(r"%(?P<flags>[-+ #0']*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?(?P<kind>.?)", re.DOTALL)
INTEGERS, FLOATS = "dioxX", "fFeEgG"
GROUPS = {"d": (3, ","), "o": (4, ","), "x": (4, ":"), "X": (4, ":")}
MAX_WIDTH = 1 << 20
WIDE = Context(prec=MAX_WIDTH + 80)
ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def printf(template: str | None, texts: list[str | None], literals: list[str | None]) -> str | None:
    """The text that FORMAT gives; None where the format, or a value that is not shown by %t or %T, is NULL.

    texts are the values as %t shows them, literals as %T does. Raises ScalarError for a format that is none, or does
    not fit its values.
    """
    return None if template is None else _Printer(template, texts, literals).text()


class _Printer:
    def __init__(self, template: str, texts: list[str | None], literals: list[str | None]) -> None:
        self._template = template
        self._texts = texts
        self._literals = literals
        self._used = 0

    def text(self) -> str | None:
        """The whole text."""
        parts, at = [], 0
        for match in SPECIFIER.finditer(self._template):
            parts.append(self._template[at : match.start()])
            part = self._part(match)
            if part is None:
                return None
            parts.append(part)
            at = match.end()
        if self._used < len(self._texts):
            raise self._count("many", self._used)
        return "".join(parts) + self._template[at:]

    def _part(self, match: re.Match[str]) -> str | None:
        kind, flags = match["kind"], match["flags"]
        if kind == "%":
            return "%"
        if kind not in (*INTEGERS, *FLOATS, *"stTpP"):
            raise ScalarError(f'Invalid format specifier character "{kind}" in FORMAT string: "{self._template}"')
        width, precision = self._size(match["width"], 0), self._size(match["precision"], None)
        if width is None:
            return None
        if width < 0:
            flags, width = flags + "-", -width
        index = self._next()
        value = self._literals[index] if kind == "T" else self._texts[index]
        if value is None:
            if kind not in "tT":
                return None
            value = "NULL"
        if kind in INTEGERS:
            text = _integer(kind, flags, precision, _read_integer(value, index))
        elif kind in FLOATS:
            _check_float(value, index)
            exact = self._literals[index] != value  # NUMERIC "1" and its like
            text = _float(kind, flags, precision, value, exact=exact)
        else:
            text = _json(value) if kind == "P" else value
            text = text if precision is None else text[: max(precision, 0)]
        return _padded(text, width, flags if kind in INTEGERS or kind in FLOATS else flags.replace("0", ""))

    def _size(self, written: str | None, default: int | None) -> int | None:
        """A width or a precision: a number, or * for the next value."""
        if written is None:
            return default
        if written != "*":
            return min(int(written or 0), MAX_WIDTH)
        index = self._next()
        value = self._texts[index]
        return None if value is None else max(min(_read_integer(value, index), MAX_WIDTH), -MAX_WIDTH)

    def _next(self) -> int:
        if self._used >= len(self._texts):
            raise self._count("few", None)
        self._used += 1
        return self._used - 1

    def _count(self, word: str, expected: int | None) -> ScalarError:
        needs = "" if expected is None else f"; Expected {expected}"
        given = f"; Got {len(self._texts)}"
        return ScalarError(f'Too {word} arguments to FORMAT for pattern "{self._template}"{needs}{given}')


def _read_integer(value: str, index: int) -> int:
    try:
        return int(value)
    except ValueError:
        raise ScalarError(f"Invalid type for argument {index + 2} to FORMAT; Expected integer") from None


def _check_float(value: str, index: int) -> None:
    try:
        Decimal(value)
    except InvalidOperation:
        raise ScalarError(f"Invalid type for argument {index + 2} to FORMAT; Expected floating point") from None


def _sign(flags: str, *, negative: bool) -> str:
    if negative:
        return "-"
    return "+" if "+" in flags else " " if " " in flags else ""


def _integer(kind: str, flags: str, precision: int | None, value: int) -> str:
    base = "d" if kind == "i" else kind
    if value < 0 and base != "d":
        raise ScalarError(f"FORMAT takes no negative value for %{kind}")
    digits = format(abs(value), base).rjust(max(precision or 0, 0), "0")
    if "'" in flags:
        digits = _grouped(digits, *GROUPS[base])
    prefix = {"x": "0x", "X": "0X", "o": "0"}.get(base, "") if "#" in flags and value else ""
    return _sign(flags, negative=value < 0) + prefix + digits


def _grouped(digits: str, size: int, mark: str) -> str:
    first = len(digits) % size
    parts = [digits[:first]] if first else []
    return mark.join(parts + [digits[at : at + size] for at in range(first, len(digits), size)])


def _float(kind: str, flags: str, precision: int | None, value: str, *, exact: bool) -> str:
    """exact: a NUMERIC, whose ties are rounded away from zero."""
    number = Decimal(value)
    sign = _sign(flags, negative=number.is_signed() and not number.is_nan())
    if not number.is_finite():
        word = "nan" if number.is_nan() else "inf"
        return sign + (word.upper() if kind.isupper() else word)
    digits = 6 if precision is None else max(precision, 0)
    alternate = "#" if "#" in flags else ""
    if exact and kind in "fF":
        rounded = WIDE.copy_abs(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, WIDE)
        text = format(rounded, f"{alternate}f")
    else:
        text = format(abs(float(value)), f"{alternate}.{digits}{kind}")
    if "'" in flags:
        whole, point, rest = text.partition(".")
        text = (_grouped(whole, 3, ",") if whole.isdigit() else whole) + point + rest
    return sign + text


def _padded(text: str, width: int, flags: str) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and text[-1:].isalnum() and text[-1:] not in "fFnN":
        sign = re.match(r"[-+ ]?(?:0[xX])?", text)
        start = sign[0] if sign else ""
        return start + text[len(start) :].rjust(width - len(start), "0")
    return text.rjust(width)


def _json(text: str) -> str:
    """JSON in several lines."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def quoted(text: str) -> str:
    """A STRING as a literal."""
    return _in_quotes(
        "".join(
            ESCAPES.get(character) or (f"\\x{ord(character):02x}" if ord(character) < 32 else character)
            for character in text
        )
    )


def _in_quotes(text: str) -> str:
    quote = "'" if '"' in text and "'" not in text else '"'
    return quote + text.replace(quote, "\\" + quote) + quote


def bytes_text(data: bytes) -> str:
    """BYTES as %t shows them: what is not printable ASCII escaped."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else _escaped_byte(byte) for byte in data)


def bytes_literal(data: bytes) -> str:
    """BYTES as a literal."""
    return "b" + _in_quotes(bytes_text(data))


def _escaped_byte(byte: int) -> str:
    return ESCAPES.get(chr(byte)) or f"\\x{byte:02x}"
