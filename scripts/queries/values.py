"""Values of BigQuery's rows as JSON and as text, in the forms in which BigQuery itself writes them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

_SECOND, _MINUTE, _HOUR = 1_000_000, 60_000_000, 3_600_000_000


def plain(value: Any) -> Any:
    """A value of a row as JSON can hold it (BigQuery: "JSON encodings"): BYTES in base 64, NaN and infinities as text.

    Arrays and records stay, with such values in them.
    """
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return _interval(value) if hasattr(value, "microseconds") and hasattr(value, "months") else str(value)


def text(value: Any) -> str:
    """A value of a row as one cell: nothing for NULL, JSON for arrays and records."""
    made = plain(value)
    if isinstance(made, bool | list | dict):
        return json.dumps(made, ensure_ascii=False)
    return "" if made is None else str(made)


def cells(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Rows as texts."""
    return [[text(value) for value in row] for row in rows]


def records(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as JSON objects."""
    return [dict(zip(names, map(plain, row), strict=True)) for row in rows]


def _interval(value: Any) -> str:
    """An INTERVAL, which Google's client gives as dateutil's relativedelta, in its canonical form `Y-M D H:M:S`."""
    months = value.years * 12 + value.months
    units = value.hours * _HOUR + value.minutes * _MINUTE + value.seconds * _SECOND + value.microseconds
    years, months_left = divmod(abs(months), 12)
    hours, rest = divmod(abs(units), _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    seconds, fraction = divmod(rest, _SECOND)
    shown = f".{fraction:06d}" if fraction else ""
    return f"{_sign(months)}{years}-{months_left} {value.days} {_sign(units)}{hours}:{minutes}:{seconds}{shown}"


def _sign(number: int) -> str:
    return "-" if number < 0 else ""
