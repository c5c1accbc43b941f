"""Days are found by dates as people write them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.deidentify.text.calendar.days import ByDay
from emulator.deidentify.text.calendar.written import written_dates
from emulator.deidentify.text.passage import Passage
from tests.emulator.deidentify.text.calendar.test_written import WRITINGS, days


def named(text: str, *known: date) -> list[str]:
    """What is found of known days by the one date of a text."""
    (written,) = written_dates(text)
    return ByDay((day, day.isoformat()) for day in known).of(written)


@given(days, st.sampled_from(WRITINGS))
def test_a_date_finds_the_day_that_it_names_and_no_other(day: date, writing: str) -> None:
    assert named(f"{day:{writing}}", day, day + timedelta(40)) == [day.isoformat()]


def test_a_date_that_can_be_read_in_two_ways_finds_both_days() -> None:
    assert named("03/05/2019", date(2019, 3, 5), date(2019, 5, 3)) == ["2019-03-05", "2019-05-03"]


def test_a_date_without_a_year_finds_that_day_of_every_year() -> None:
    assert named("on March 5", date(2019, 3, 5), date(1970, 3, 5)) == ["2019-03-05", "1970-03-05"]


def test_a_year_of_two_digits_is_of_either_century() -> None:
    assert named("3/5/19", date(1919, 3, 5), date(2019, 3, 5)) == ["2019-03-05", "1919-03-05"]


@pytest.mark.parametrize("run", ["05032019", "03052019"])
def test_a_day_is_found_in_a_number_of_day_month_and_year(run: str) -> None:
    days = ByDay([(date(2019, 3, 5), "birth")])
    assert list(days.found(Passage(f"dob {run}, 1{run}"))) == [(4, 12, "birth")]


def test_a_month_names_no_day() -> None:
    assert named("March 2019", date(2019, 3, 15)) == []


def test_what_has_the_same_day_is_found_together() -> None:
    (written,) = written_dates("2019-03-05")
    assert ByDay([(date(2019, 3, 5), "birth"), (date(2019, 3, 5), "visit")]).of(written) == ["birth", "visit"]
