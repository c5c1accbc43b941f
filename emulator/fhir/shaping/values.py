"""Values of primitives as Google's shaper writes them."""

import re
from typing import Any

from emulator.fhir.definitions import Element

_FRACTION = re.compile(r"(\.\d{3})(\d*)|\.(\d{1,2})(?!\d)")


def shaped(element: Element, kind: str, value: Any) -> Any:
    """The value of a primitive in a row: codes as the definitions spell them, fractions of seconds in 3 or 6 digits."""
    if type(value) is not str:
        return value
    if element.codes is not None and value not in element.codes:
        folded = value.upper().replace("-", "_")
        return next((code for code in element.codes if code.upper().replace("-", "_") == folded), value)
    if kind in {"dateTime", "instant", "time"} and "." in value:
        return _FRACTION.sub(_digits, value)
    return value


def _digits(found: re.Match[str]) -> str:
    if found[3]:
        return f".{found[3]:0<3}"
    return found[1] + (f"{found[2]:0<3}"[:3] if found[2] else "")
