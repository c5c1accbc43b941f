"""Arithmetic of BIGNUMERIC in units of its last digit, 1e-38, written as text, which the engine keeps as whole numbers.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types and mathematical_functions: what
has more digits after the point is rounded, half away from zero.
"""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from emulator.services.bigquery.sql.scalars.errors import ScalarError

SCALE = 38
ONE = 10**SCALE
LEAST, GREATEST = -(2**255), 2**255 - 1  # -5.7896...E+38 to 5.7896...E+38
TEXT = re.compile(r"\s*+[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?\s*+", re.ASCII)
WIDE = decimal.Context(prec=200, rounding=ROUND_HALF_UP)  # digits; more than those of a product
MAX_SHIFT = 1000  # an exponent beyond which nothing but 0 and overflow is left
MODES = {"ROUND_HALF_AWAY_FROM_ZERO": ROUND_HALF_UP, "ROUND_HALF_EVEN": ROUND_HALF_EVEN}
NUMERIC_SCALE = 9
GREATEST_NUMERIC = 10**38 - 1  # in units of 1e-9


def show(units: int) -> str:
    """The number of these units, without superfluous zeros."""
    whole, rest = divmod(abs(units), ONE)
    text = f"{whole}.{rest:0{SCALE}}".rstrip("0").rstrip(".")
    return "-" + text if units < 0 else text


def units_of_text(text: str) -> str:
    """CAST of a STRING. Raises ScalarError for what is no number, or none of BIGNUMERIC."""
    found = _units(Decimal(text.strip())) if TEXT.fullmatch(text) else None
    if found is None or not LEAST <= found <= GREATEST:
        raise ScalarError(f"Invalid BIGNUMERIC value: {text}")
    return str(found)


def units_of_float(value: float) -> str:
    """CAST of a FLOAT64. Raises ScalarError for NaN, infinities and what is out of range."""
    if not math.isfinite(value):
        raise ScalarError(f"Illegal conversion of non-finite floating point number to BIGNUMERIC: {value}")
    found = _units(Decimal(value))
    if found is None or not LEAST <= found <= GREATEST:
        raise ScalarError(f"BIGNUMERIC out of range: {value}")
    return str(found)


def _units(number: Decimal) -> int | None:
    """A number in units, rounded; None where it is far out of range."""
    if number and number.adjusted() > MAX_SHIFT:
        return None
    if not number or number.adjusted() < -MAX_SHIFT:
        return 0
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    size, shift = int("".join(map(str, digits))), exponent + SCALE
    units = size * 10**shift if shift >= 0 else _quotient(size, 10**-shift)
    return -units if sign else units


def whole_of(units: str) -> int:
    """CAST to INT64. Raises ScalarError where it is out of range."""
    found = _quotient(int(units), ONE)
    if not -(2**63) <= found < 2**63:
        raise ScalarError(f"int64 out of range: {show(int(units))}")
    return found


def numeric_of(units: str) -> str:
    """CAST to NUMERIC. Raises ScalarError where it is out of range."""
    number = int(units)
    found = _quotient(number, 10 ** (SCALE - NUMERIC_SCALE))
    if abs(found) > GREATEST_NUMERIC:
        raise ScalarError(f"numeric out of range: {show(number)}")
    return str(Decimal(found).scaleb(-NUMERIC_SCALE, WIDE))


def fit(units: str, precision: int, scale: int) -> str:
    """A value as BIGNUMERIC(precision, scale) holds it. Raises ScalarError where it has too many digits."""
    step = 10 ** (SCALE - scale)
    found = _quotient(int(units), step)
    if abs(found) >= 10**precision:
        raise ScalarError(f"BIGNUMERIC({precision}, {scale}) has no room for {show(int(units))}")
    return str(found * step)


def multiply(one: str, other: str) -> str:
    """one * other."""
    a, b = int(one), int(other)
    return _kept(_quotient(a * b, ONE), f"{show(a)} * {show(b)}")


def divide(one: str, other: str) -> str:
    """one / other. Raises ScalarError where other is 0."""
    a, b = _divisible(one, other)
    return _kept(_quotient(a * ONE, b), f"{show(a)} / {show(b)}")


def whole_quotient(one: str, other: str) -> str:
    """DIV: the quotient without its fraction."""
    a, b = _divisible(one, other)
    found = abs(a) // abs(b) * ONE
    return _kept(found if (a < 0) == (b < 0) else -found, f"DIV({show(a)}, {show(b)})")


def remainder(one: str, other: str) -> str:
    """MOD, whose sign is that of the first."""
    a, b = _divisible(one, other)
    found = abs(a) % abs(b)
    return str(-found if a < 0 else found)


def average(total: str, count: int) -> str:
    """The mean of values by their sum, which may be beyond the range, and their number."""
    return str(_quotient(int(total), count))


def round_to(units: str, places: int, mode: str) -> str:
    """ROUND to so many digits after the point; a negative number counts before it. mode is one of MODES."""
    if mode not in MODES:
        raise ScalarError(f"Invalid rounding mode: {mode}; {' and '.join(MODES)} exist")
    return _shortened(units, places, MODES[mode], "ROUND")


def truncate(units: str, places: int) -> str:
    """TRUNC, which takes digits away."""
    return _shortened(units, places, ROUND_DOWN, "TRUNC")


def _shortened(units: str, places: int, rounding: str, name: str) -> str:
    if places >= SCALE:
        return units
    if places < -2 * SCALE:
        return "0"
    number, step = int(units), SCALE - places
    found = int(Decimal(number).scaleb(-step, WIDE).quantize(Decimal(1), rounding, WIDE)) * 10**step
    return _kept(found, f"{name}({show(number)}, {places})")


def ceiling(units: str) -> str:
    """CEIL."""
    number = int(units)
    return _kept(-(-number // ONE) * ONE, f"CEIL({show(number)})")


def floor(units: str) -> str:
    """FLOOR."""
    number = int(units)
    return _kept(number // ONE * ONE, f"FLOOR({show(number)})")


def square_root(units: str) -> str:
    """SQRT. Raises ScalarError for a negative number."""
    number = int(units)
    if number < 0:
        raise ScalarError("Argument to SQRT cannot be negative")
    return str((math.isqrt(4 * number * ONE) + 1) // 2)


def power(one: str, other: str) -> str:
    """POW. Raises ScalarError where it is not defined, and where it is out of range."""
    base, exponent = _number(one), _number(other)
    if base < 0 and exponent != exponent.to_integral_value():
        raise ScalarError("POW of a negative number takes an integer")
    if not base and exponent < 0:
        raise ScalarError("Division by zero in function: POW")
    if not base or not exponent:
        return str(0 if exponent else ONE)
    return _computed(lambda: WIDE.power(base, exponent), f"POW({base:f}, {exponent:f})")


def exponential(units: str) -> str:
    """EXP."""
    number = _number(units)
    return _computed(lambda: WIDE.exp(number), f"EXP({number:f})")


def logarithm(units: str) -> str:
    """LN. Raises ScalarError for what is not positive."""
    number = _number(units)
    if number <= 0:
        raise ScalarError("Argument to LN must be positive")
    return _computed(lambda: WIDE.ln(number), "LN")


def logarithm_to(other: str, one: str) -> str:
    """The logarithm to the base `other` of one. Raises ScalarError where it is not defined."""
    number, base = _number(one), _number(other)
    if number <= 0:
        raise ScalarError("Argument to LOG must be positive")
    if base <= 0 or base == 1:
        raise ScalarError("The base of LOG must be positive and other than 1")
    if base == 10:
        return _computed(lambda: WIDE.log10(number), "LOG")
    return _computed(lambda: WIDE.divide(WIDE.ln(number), WIDE.ln(base)), "LOG")


def series(start: str, end: str, step: str) -> list[str]:
    """GENERATE_ARRAY. Raises ScalarError for steps of 0."""
    first, last, by = int(start), int(end), int(step)
    if not by:
        raise ScalarError("Sequence step cannot be 0.")
    return list(map(str, range(first, last + (1 if by > 0 else -1), by)))


def percentile(values: list[str | None] | None, part: str | None) -> str | None:
    """PERCENTILE_CONT: the value at a part of the way through all, or what lies between two; NULL is the least.

    Raises ScalarError for a part that is not between 0 and 1.
    """
    if values is None or part is None:
        return None
    if not 0 <= int(part) <= ONE:
        raise ScalarError("The percentile must be between 0 and 1")
    known = sorted(int(value) for value in values if value is not None)
    ordered: list[int | None] = [*([None] * (len(values) - len(known))), *known]
    if not ordered:
        return None
    at, rest = divmod(int(part) * (len(ordered) - 1), ONE)
    before, after = ordered[at], ordered[at + 1 if rest else at]
    if before is None or after is None or not rest:
        return None if after is None else str(after)
    return str(before + _quotient((after - before) * rest, ONE))


def overflow(what: str) -> ScalarError:
    """The error for a result that BIGNUMERIC has no room for."""
    return ScalarError(f"BIGNUMERIC overflow: {what}")


def _number(units: str) -> Decimal:
    return Decimal(int(units)).scaleb(-SCALE, WIDE)


def _computed(work: Callable[[], Decimal], what: str) -> str:
    try:
        found = _units(work())
    except decimal.Overflow:
        found = None
    if found is None:
        raise overflow(what)
    return _kept(found, what)


def _kept(units: int, what: str) -> str:
    """Units within the range of BIGNUMERIC."""
    if not LEAST <= units <= GREATEST:
        raise overflow(what)
    return str(units)


def _divisible(one: str, other: str) -> tuple[int, int]:
    a, b = int(one), int(other)
    if not b:
        raise ScalarError(f"division by zero: {show(a)} / 0")
    return a, b


def _quotient(one: int, other: int) -> int:
    """one / other, rounded half away from zero."""
    found = (2 * abs(one) + abs(other)) // (2 * abs(other))
    return found if (one < 0) == (other < 0) else -found
