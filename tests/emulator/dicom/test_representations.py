from datetime import UTC, date, datetime

import pytest

from emulator.dicom import representations
from emulator.dicom.charset import DEFAULT
from emulator.dicom.values import TEXT_READERS

PYTHON_S_OWN = [
    "1_0",
    "inf",
    "-Infinity",
    "nan",
    "NaN",
    "0x10",
    "\u0661\u0662",
    "1 0",
    "1\t",
    "\n1",
    "1,5",
    "--1",
    "",
    " ",
    "1L",
]
"""What Python's readers take, or nearly take, and PS3.5 6.2 does not."""


@pytest.mark.parametrize("text", [*PYTHON_S_OWN, "1e999", "-1e999", "e5", ".", "1e"])
def test_what_is_no_decimal_string(text: str) -> None:
    assert representations.decimal(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), (" -0.5 ", -0.5), ("+1.", 1), (".5", 0.5), ("1.5E-3", 0.0015), ("1e400", None), ("1e-400", 0)],
)
def test_decimal_strings(text: str, number: float | None) -> None:
    assert representations.decimal(text) == number


@pytest.mark.parametrize("text", [*PYTHON_S_OWN, "1e30", "1.0", str(2**64), str(-(2**63) - 1), "9" * 5000])
def test_what_is_no_integer_string(text: str) -> None:
    assert representations.integer(text) is None


@pytest.mark.parametrize(("text", "number"), [(" +12 ", 12), ("-0", 0), (str(2**64 - 1), 2**64 - 1), ("007", 7)])
def test_integer_strings(text: str, number: int) -> None:
    assert representations.integer(text) == number


def test_dates() -> None:
    assert representations.calendar_date("20240229 ") == date(2024, 2, 29)
    assert representations.calendar_date("2024.02.29") == date(2024, 2, 29)
    for text in (
        "20230229",
        "2024-02-29",
        "2024.0229",
        "202402",
        "20240229T",
        "00000101",
        "\u0662\u0660240229",
        "20241301",
    ):
        assert representations.calendar_date(text) is None, text


def test_times() -> None:
    assert representations.time_of_day("235960.5") == (23, 59, 60, "5")
    assert representations.time_of_day("07") == (7, 0, 0, "")
    assert representations.time_of_day("0705") == (7, 5, 0, "")
    assert representations.time_of_day("07:05:09.123456") == (7, 5, 9, "123456")
    for text in ("24", "1260", "7", "07:0509", "070509.", "070509.1234567", "07.5", "0_0509", " 07", "070509\n"):
        assert representations.time_of_day(text) is None, text


def test_moments() -> None:
    assert representations.moment("2024") == datetime(2024, 1, 1, tzinfo=UTC)
    assert representations.moment("20240229120000.5+0100") == datetime(2024, 2, 29, 11, 0, 0, 500_000, UTC)
    assert representations.moment("2024-0500") == datetime(2024, 1, 1, 5, tzinfo=UTC)
    for text in ("20240230", "202", "20240101+1500", "20240101-1300", "20240101+0060", "2024.5", "00010101+0100"):
        assert representations.moment(text) is None, text


@pytest.mark.parametrize(
    ("vr", "raw", "shown"),
    [
        ("DS", b"NaN\\inf\\1e999\\1_0\\1.5", ["NaN", "inf", "1e999", "1_0", 1.5]),
        ("IS", b"1e30\\1_0\\18446744073709551616\\-9223372036854775809\\2.5\\7 ",
         ["1e30", "1_0", "18446744073709551616", "-9223372036854775809", "2.5", 7]),
        ("DS", b"1\\\\2", [1.0, None, 2.0]),
        ("IS", b"\xb2\\5", ["\xb2", 5]),
    ],
)  # fmt: skip
def test_json_shows_the_text_of_what_is_no_number(vr: str, raw: bytes, shown: list[object]) -> None:
    """PS3.18 F.2.3: a DS or IS value is a Number or a String."""
    assert TEXT_READERS[vr](raw, DEFAULT) == shown
