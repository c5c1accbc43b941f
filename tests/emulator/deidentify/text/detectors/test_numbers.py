"""Ages, ids and telephones that a word beside them tells."""

import pytest

from tests.emulator.deidentify.text.detectors.finding import found


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("a 62-year-old man", "62-year-old"),
        ("62 y/o F", "62 y/o"),
        ("51yo male", "51yo"),
        ("aged 90", "90"),
        ("a seventy-two year old", "seventy-two year old"),
        ("A/P: 59M POD#3", "59"),
        ("3 months old", "3 months old"),
    ],
)
def test_an_age_is_found(text: str, age: str) -> None:
    assert found(text, "AGE") == [age]


@pytest.mark.parametrize("text", ["for 3 weeks", "in 2 years", "20 mL", "5M solution in 0.5M", "is 5, and"])
def test_what_is_no_age_is_left(text: str) -> None:
    assert found(text, "AGE") == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("MRN: 12345678", "12345678"),
        ("medical record number M6317066 date", "M6317066"),
        ("Accession: A25418942", "A25418942"),
        ("Med. Rec.: 914-21-20", "914-21-20"),
        ("member ID XKB123456789.", "XKB123456789"),
        ("Case: S19-98805", "S19-98805"),
    ],
)
def test_an_id_is_found(text: str, number: str) -> None:
    assert found(text, "MEDICAL_RECORD_NUMBER") == [number]


@pytest.mark.parametrize(
    ("text", "info_type", "number"),
    [
        ("driver's license number is S12345678", "US_DRIVERS_LICENSE_NUMBER", "S12345678"),
        ("Passport C12345678", "PASSPORT", "C12345678"),
        ("SWIFT BOFAUS3N", "SWIFT_CODE", "BOFAUS3N"),
        ("pager 61234", "PHONE_NUMBER", "61234"),
        ("ext. 4471", "PHONE_NUMBER", "4471"),
        ("ssn 123456789", "US_SOCIAL_SECURITY_NUMBER", "123456789"),
    ],
)
def test_papers_and_extensions_are_found(text: str, info_type: str, number: str) -> None:
    assert found(text, info_type) == [number]
