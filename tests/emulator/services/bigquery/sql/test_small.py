"""Results that are kept to answer from."""

import datetime as dt

from emulator.services.bigquery.sql import small
from emulator.services.bigquery.sql.small import SmallResults, pickled

FIELDS = [{"name": "n", "type": "INTEGER"}, {"name": "day", "type": "DATE"}]
ROWS = [(number, dt.date(2026, 1, number)) for number in (1, 2, 3)]


def test_a_page_of_a_kept_result_is_what_the_engine_would_give() -> None:
    results = SmallResults()
    results.keep("r_1", pickled(ROWS))
    second = {"f": [{"v": "2"}, {"v": "2026-01-02"}]}
    assert results.page("r_1", FIELDS, 1, 1, "INT64") == (3, [second])
    assert results.page("r_1", FIELDS, 0, 0, "INT64") == (3, [])


def test_a_result_without_rows_is_kept_too() -> None:
    results = SmallResults()
    results.keep("r_1", pickled([]))
    assert results.page("r_1", FIELDS, 0, 10, "INT64") == (0, [])


def test_what_is_not_kept_is_left_to_the_engine() -> None:
    results = SmallResults()
    results.keep("r_1", pickled([("x" * small.BYTES,)]))
    assert results.page("r_1", FIELDS, 0, 10, "INT64") is None
    assert results.page("r_2", FIELDS, 0, 10, "INT64") is None


def test_the_oldest_of_too_many_results_goes() -> None:
    results = SmallResults()
    for number in range(small.RESULTS + 1):
        results.keep(f"r_{number}", pickled(ROWS))
    assert results.page("r_0", FIELDS, 0, 1, "INT64") is None
    assert results.page("r_1", FIELDS, 0, 1, "INT64") is not None
