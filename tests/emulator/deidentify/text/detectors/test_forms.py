"""InfoTypes that their form and their check digit tell."""

import pytest

from emulator.deidentify.text.detectors import checks
from tests.emulator.deidentify.text.detectors.finding import found


@pytest.mark.parametrize(
    ("text", "info_type", "value"),
    [
        ("write to p.wall@mail.example.org.", "EMAIL_ADDRESS", "p.wall@mail.example.org"),
        ("see https://example.org/a?b=c now", "URL", "https://example.org/a?b=c"),
        ("from 10.1.2.3:", "IP_ADDRESS", "10.1.2.3"),
        ("from fe80::1ff:fe23:4567:890a.", "IP_ADDRESS", "fe80::1ff:fe23:4567:890a"),
        ("MAC 00:1b:63:84:45:e6", "MAC_ADDRESS", "00:1b:63:84:45:e6"),
        ("card 4111 1111 1111 1111", "CREDIT_CARD_NUMBER", "4111 1111 1111 1111"),
        ("card 378282246310005", "CREDIT_CARD_NUMBER", "378282246310005"),
        ("it is 123-45-6789.", "US_SOCIAL_SECURITY_NUMBER", "123-45-6789"),
        ("ITIN 912-70-1234", "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER", "912-70-1234"),
        ("car 1M8GDM9AXKP042788", "US_VEHICLE_IDENTIFICATION_NUMBER", "1M8GDM9AXKP042788"),
        ("(555) 123-4567 x12", "PHONE_NUMBER", "(555) 123-4567 x12"),
        ("+49 30 1234567", "PHONE_NUMBER", "+49 30 1234567"),
    ],
)
def test_it_is_found(text: str, info_type: str, value: str) -> None:
    assert found(text, info_type) == [value]


@pytest.mark.parametrize(
    ("text", "info_type"),
    [
        ("4111 1111 1111 1112", "CREDIT_CARD_NUMBER"),
        ("666-45-6789", "US_SOCIAL_SECURITY_NUMBER"),
        ("1M8GDM9AXKP042789", "US_VEHICLE_IDENTIFICATION_NUMBER"),
        ("300.1.2.3", "IP_ADDRESS"),
        ("12:30:00", "IP_ADDRESS"),
        ("1.2.840.10008.1.2.4.70", "IP_ADDRESS"),
        ("1.2.840.10008.1.2.4.70", "PHONE_NUMBER"),
    ],
)
def test_what_fails_its_check_is_left(text: str, info_type: str) -> None:
    assert found(text, info_type) == []


def test_check_digits_are_those_of_published_examples() -> None:
    """Cards: test numbers of payment networks. Vehicles: 49 CFR 565.15's example, and 1s, whose check digit is 1."""
    assert checks.luhn("5555 5555 5555 4444")
    assert checks.vehicle("1M8GDM9AXKP042788")
    assert checks.vehicle("1" * 17)
