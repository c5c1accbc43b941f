"""Check digits and ranges of numbers that identify people and things."""

from __future__ import annotations

import ipaddress
import re

_VEHICLE_VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", (*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VEHICLE_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def luhn(number: str) -> bool:
    """Whether the digits of a card's number fit its check digit (ISO/IEC 7812-1)."""
    digits = [int(each) for each in re.sub(r"\D", "", number)]
    doubled = [2 * each - 9 * (each > 4) for each in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def social_security(number: str) -> bool:
    """Whether a US social security number may have been given out: no area 000, 666, 9xx, no group 00, no serial 0."""
    area, group, serial = re.findall(r"\d+", number)
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def taxpayer(number: str) -> bool:
    """Whether a US ITIN has a group that the IRS gives out: 50 to 65, 70 to 88, 90 to 92, 94 to 99."""
    group = int(re.findall(r"\d+", number)[1])
    return 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


def vehicle(number: str) -> bool:
    """Whether a vehicle's number fits its check digit, the ninth character (49 CFR 565.15)."""
    remainder = sum(_VEHICLE_VALUES[c] * w for c, w in zip(number.upper(), _VEHICLE_WEIGHTS, strict=True)) % 11
    return number[8].upper() == ("X" if remainder == 10 else str(remainder))


def ip_address(text: str) -> bool:
    """Whether a text is an IP address, of either version; times such as 12:30:00 are none."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
