"""Dates of DICOM and FHIR moved by days."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.deidentify import dates

DAYS = st.integers(-100, 100)


@pytest.mark.parametrize(
    ("value", "later"), [("20190305", "20190404"), ("2019.03.05", "2019.04.04"), ("20191215 ", "20200114")]
)
def test_a_da_moves(value: str, later: str) -> None:
    assert dates.shift_da(value, 30) == later


@pytest.mark.parametrize(
    ("value", "later"),
    [
        ("20190305101112.123456+0100", "20190404101112.123456+0100"),
        ("201903051011", "201904041011"),
        ("201903", "201904"),
        ("2019", "2019"),
        ("2019-0500", "2019-0500"),
    ],
)
def test_a_dt_moves_and_keeps_its_precision(value: str, later: str) -> None:
    assert dates.shift_dt(value, 30) == later


@pytest.mark.parametrize(
    ("value", "later"),
    [
        ("2019-03-05", "2019-04-04"),
        ("2019-03", "2019-04"),
        ("2019", "2019"),
        ("2019-03-05T10:11:12.123Z", "2019-04-04T10:11:12.123Z"),
        ("2020-02-29T00:00:00+05:30", "2020-03-30T00:00:00+05:30"),
    ],
)
def test_a_date_of_fhir_moves_and_keeps_its_precision(value: str, later: str) -> None:
    assert dates.shift_fhir(value, 30) == later


@pytest.mark.parametrize("value", ["", "2019-3-5", "20190231", "yesterday", "2019-13"])
def test_what_is_no_date_is_refused(value: str) -> None:
    with pytest.raises(dates.NotADate):
        dates.shift_fhir(value, 1)
    with pytest.raises(dates.NotADate):
        dates.shift_da(value, 1)


def test_a_date_does_not_leave_the_calendar() -> None:
    with pytest.raises(dates.NotADate, match="9999"):
        dates.shift_da("99991231", 1)


def test_a_refusal_does_not_quote_the_value() -> None:
    with pytest.raises(dates.NotADate) as refusal:
        dates.shift_da("WALL^PETER", 1)
    assert "WALL" not in str(refusal.value)


@given(st.dates(date(1800, 1, 1), date(2200, 1, 1)), st.dates(date(1800, 1, 1), date(2200, 1, 1)), DAYS)
def test_intervals_stay(one: date, other: date, days: int) -> None:
    moved = [date.fromisoformat(dates.shift_fhir(each.isoformat(), days)) for each in (one, other)]
    assert moved[1] - moved[0] == other - one


@given(st.dates(date(1800, 1, 1), date(2200, 1, 1)), DAYS)
def test_dicom_and_fhir_move_alike(day: date, days: int) -> None:
    assert dates.shift_da(f"{day:%Y%m%d}", days) == dates.shift_fhir(day.isoformat(), days).replace("-", "")


@given(st.integers(1801, 2200), DAYS)
def test_a_year_stays(year: int, days: int) -> None:
    assert dates.shift_fhir(str(year), days) == str(year)


@pytest.mark.parametrize(
    "value", ["20190305", "2019.03.05", "2019-03-05", "2019-03-05T10:00:00Z", "20190305101112", "201903051011+0100"]
)
def test_the_day_of_a_value_is_read(value: str) -> None:
    assert dates.day_of(value) == date(2019, 3, 5)


@pytest.mark.parametrize("value", ["2019", "2019-03", "", "X", "20190231"])
def test_a_value_without_a_day_has_none(value: str) -> None:
    assert dates.day_of(value) is None
