"""Dates in sentences: found, and moved in their own writing."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emulator.deidentify.text.calendar.written import written_dates


def found(text: str) -> list[str]:
    return [text[each.start : each.end] for each in written_dates(text)]


def moved(text: str, days: int) -> str:
    (written,) = written_dates(text)
    return text[: written.start] + written.moved(text, days) + text[written.end :]


@pytest.mark.parametrize(
    ("written", "later"),
    [
        ("2019-03-05", "2019-04-04"),
        ("2019/3/5", "2019/4/4"),
        ("03/05/2019", "04/04/2019"),
        ("3/5/19", "4/4/19"),
        ("05.03.2019", "04.04.2019"),
        ("25/12/2019", "24/01/2020"),
        ("20190305", "20190404"),
        ("20190305101112", "20190404101112"),
        ("2019-03-05T10:11:12Z", "2019-04-04T10:11:12Z"),
        ("March 5, 2019", "April 4, 2019"),
        ("MAR 5 2019", "APR 4 2019"),
        ("Mar. 5th, '19", "Apr. 4th, '19"),
        ("Tuesday, March 5th, 2019", "Thursday, April 4th, 2019"),
        ("Tue 3/5/2019", "Tue 4/4/2019"),
        ("5 March 2019", "4 April 2019"),
        ("05-MAR-2019", "04-APR-2019"),
        ("5MAR2019", "4APR2019"),
        ("the 3rd of March", "the 2nd of April"),
        ("5. März 2019", "4. April 2019"),
        ("5 de marzo de 2019", "4 de abril de 2019"),
        ("le 5 février 2019", "le 7 mars 2019"),
        ("March 2019", "April 2019"),
        ("03/2019", "04/2019"),
        ("December 2019", "January 2020"),
        ("on 3/5 at noon", "on 4/4 at noon"),
        ("Feb 29", "Mar 30"),
    ],
)
def test_a_date_moves_in_its_own_writing(written: str, later: str) -> None:
    assert moved(written, 30) == later


@pytest.mark.parametrize(
    "text",
    [
        "BP 120/80, strength 5/5, pain 6/10",
        "version 1.2.3, section 4.10.12.1",
        "1.2.840.10008.5.1.4.1.1.2",
        "call 555-12-3456 or 12-34-5678",
        "may 2 tablets be given",
        "Dec",
        "31/31/2019",
        "2019-02-31",
        "the March of Dimes",
        "in 2019",
        "12345678",
        "ratio 3/4 of",
        "2.5 cm",
    ],
)
def test_what_is_no_date_is_left(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("4 Dec 12:30", ["4 Dec"]),
        ("3/5/2019-3/9/2019", ["3/5/2019", "3/9/2019"]),
        ("seen 3/5/2019/mk", ["3/5/2019"]),
        ("from 3/5 to 5/5/2019", ["3/5", "5/5/2019"]),
        ("(2019-03-05)", ["2019-03-05"]),
        ("unit A7 Jul 14, 2023", ["Jul 14, 2023"]),
        ("WALL05.01.1970-62", ["05.01.1970"]),
        ("WALL05-JAN-1970", ["05-JAN-1970"]),
        ("A20190305", ["20190305"]),
        ("生年月日2019年3月5日です", ["2019年3月5日"]),
        ("2019년 3월 5일", ["2019년 3월 5일"]),
    ],
)
def test_a_date_ends_where_it_ends(text: str, dates: list[str]) -> None:
    assert found(text) == dates


def test_one_date_with_the_day_first_tells_how_the_others_are_read() -> None:
    text = "from 25/12/2019 to 01/02/2020"
    first, second = written_dates(text)
    assert (first.readings[0], second.readings[0]) == ((2019, 12, 25), (2020, 2, 1))


days = st.dates(date(1931, 1, 1), date(2029, 12, 31))
WRITINGS = ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "%B %d, %Y", "%A, %B %d, %Y", "%Y%m%d", "%d %b %y")


@given(days, days, st.integers(-100, 100), st.sampled_from(WRITINGS))
def test_order_and_intervals_stay(one: date, other: date, shift: int, writing: str) -> None:
    assume("%b" not in writing or 5 not in (one.month, other.month))  # "May" is both its long and its short name
    written = [moved(f"{each:{writing}}", shift) for each in (one, other)]
    assert written == [f"{each + timedelta(shift):{writing}}" for each in (one, other)]


@given(st.text("0123456789/-. JanuyFebMrchAp,'stndrdth", max_size=40))
def test_any_text_is_looked_through(text: str) -> None:
    for written in written_dates(text):
        assert 0 <= written.start < written.end <= len(text)
        assert written.moved(text, 0).lower() == text[written.start : written.end].lower()
