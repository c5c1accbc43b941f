"""HL7's time stamps (HL7 v2.5, 2.A.22)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from emulator.hl7v2.timestamps import microseconds_of, stamp_of

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("2018", "2018-01-01T06:00:00Z"),
        ("201807", "2018-07-01T05:00:00Z"),
        ("20180704", "2018-07-04T05:00:00Z"),
        ("201801010030", "2018-01-01T06:30:00Z"),
        ("20180101003005", "2018-01-01T06:30:05Z"),
        ("20180101003005.25", "2018-01-01T06:30:05.250000Z"),
        ("20180101003005-0500", "2018-01-01T05:30:05Z"),
        ("20180101003005.0001+0545", "2017-12-31T18:45:05.000100Z"),
        ("2018+0000", "2018-01-01T00:00:00Z"),
    ],
)
def test_instant_is_of_the_zone_unless_an_offset_is_given(stamp: str, instant: str) -> None:
    found = microseconds_of(stamp, CHICAGO)
    assert found is not None
    assert found == round(datetime.fromisoformat(instant).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "18",
        "20181301",
        "20180230",
        "2018-01-01",
        "2018010125",
        "٢٠١٨",
        "0000",
        "now",
        "0001+1400",
        "99991231235959-0100",
    ],
)
def test_what_is_no_time_stamp_has_no_instant(stamp: str) -> None:
    assert microseconds_of(stamp, UTC) is None


def test_instant_is_written_in_utc_to_the_second() -> None:
    assert stamp_of(1_514_764_800_999_999) == "20180101000000"
