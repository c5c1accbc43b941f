"""InfoTypes by their form: regular expressions, and check digits where there are any."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emulator.deidentify.text.detectors.checks import ip_address, luhn, social_security, taxpayer, vehicle
from emulator.deidentify.text.findings import CHECKED, SHAPED, Finding


@dataclass(frozen=True)
class _Form:
    info_type: str
    pattern: re.Pattern[str]
    score: float
    holds: Callable[[str], bool] = bool
    """A check of what the expression can't say."""


_FORMS = (
    _Form(
        "EMAIL_ADDRESS",
        re.compile(r"(?<![\w.%+'-])[\w.%+'-]{1,64}+@(?:[\w-]{1,63}+\.){1,8}[a-z]{2,24}", re.IGNORECASE),
        CHECKED,
    ),
    _Form("URL", re.compile(r"\b(?:https?|ftp)://[^\s<>\"']+|\bwww\.[^\s<>\"']+", re.IGNORECASE), CHECKED),
    _Form(
        "IP_ADDRESS",
        re.compile(
            r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?!\w|:\w|\.\d)", re.IGNORECASE
        ),
        CHECKED,
        ip_address,
    ),
    _Form(
        "MAC_ADDRESS",
        re.compile(r"(?<![\w:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])", re.IGNORECASE),
        CHECKED,
    ),
    _Form(
        "CREDIT_CARD_NUMBER",
        re.compile(
            r"(?<![\w-])[3-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}(?![\w-])"
            r"|(?<![\w-])3[47]\d{2}([ -]?)\d{6}\2\d{5}(?![\w-])"
        ),
        CHECKED,
        luhn,
    ),
    _Form(
        "US_SOCIAL_SECURITY_NUMBER", re.compile(r"(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])"), CHECKED, social_security
    ),
    _Form(
        "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER",
        re.compile(r"(?<![\w-])9\d{2}([- ])\d{2}\1\d{4}(?![\w-])"),
        CHECKED,
        taxpayer,
    ),
    _Form(
        "US_VEHICLE_IDENTIFICATION_NUMBER",
        re.compile(r"(?<!\w)[A-HJ-NPR-Z0-9]{17}(?!\w)", re.IGNORECASE),
        CHECKED,
        vehicle,
    ),
    _Form(
        "PHONE_NUMBER",
        re.compile(
            r"(?<![\w.-])(?:\+?1[ .-]?)?(?:\(\d{3}\)\s?|\d{3}[ .-])\d{3}[ .-]\d{4}"
            r"(?:\s*(?:x|ext\.?)\s*\d{1,5})?(?![\w-]|\.\d)",
            re.IGNORECASE,
        ),
        SHAPED,
    ),
    _Form("PHONE_NUMBER", re.compile(r"(?<![\w.])\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?![\w-])"), SHAPED),
)


def found_by_form(text: str) -> Iterator[Finding]:
    """What has the form of an infoType in a text; findings may overlap."""
    for form in _FORMS:
        for match in form.pattern.finditer(text):
            if form.holds(match[0]):
                yield Finding(*match.span(), form.info_type, form.score)
