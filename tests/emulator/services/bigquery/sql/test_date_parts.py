"""Which part of a date or time goes with which function, and the years that there are.

https://cloud.google.com/bigquery/docs/reference/standard-sql/: date_functions, datetime_functions, time_functions and
timestamp_functions, each with its parts; data-types#date_type.
"""

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("DATE_ADD(DATE '2020-01-01', INTERVAL 1 HOUR)", "^DATE_ADD does not support the HOUR date part$"),
        ("DATE_SUB(DATE '2020-01-01', INTERVAL 1 ISOWEEK)", "^DATE_SUB does not support the ISOWEEK date part$"),
        ("DATE_DIFF(DATE '2020-01-01', DATE '2020-01-01', HOUR)", "^DATE_DIFF does not support the HOUR date part$"),
        ("DATE_TRUNC(DATE '2020-01-01', HOUR)", "^DATE_TRUNC does not support the HOUR date part$"),
        ("TIMESTAMP_ADD(TIMESTAMP '2020-01-01', INTERVAL 1 MONTH)", "^TIMESTAMP_ADD does not support the MONTH"),
        ("TIMESTAMP_DIFF(TIMESTAMP '2020-01-01', TIMESTAMP '2020-01-01', WEEK)", "does not support the WEEK"),
        ("TIME_ADD(TIME '01:00:00', INTERVAL 1 DAY)", "^TIME_ADD does not support the DAY date part$"),
        ("TIME_TRUNC(TIME '01:00:00', DAY)", "^TIME_TRUNC does not support the DAY date part$"),
        ("EXTRACT(HOUR FROM DATE '2020-01-01')", "^EXTRACT from DATE does not support the HOUR date part$"),
        ("EXTRACT(WEEK(FOO) FROM DATE '2020-01-01')", r"^A valid date part name is required but found WEEK\(FOO\)$"),
        ("DATE_TRUNC(DATE '2020-01-01', FOO)", "^A valid date part name is required but found FOO$"),
        ("EXTRACT(FOO FROM DATE '2020-01-01')", "^A valid date part name is required but found FOO$"),
        ("DATE_ADD(DATE '2020-01-01', INTERVAL 1.5 DAY)", "^Interval value must be coercible to INT64 type$"),
        ("DATE_ADD(DATE '2020-01-01', INTERVAL 'x' DAY)", "^Interval value must be coercible to INT64 type$"),
        ("DATE_ADD(DATE '2020-01-01', INTERVAL LENGTH('a') * 0.5 DAY)", "must be coercible to INT64"),
        ("EXTRACT(DAY FROM TIME '01:00:00')", "^EXTRACT from TIME does not support the DAY date part$"),
        ("DATE_ADD(DATE '9999-12-31', INTERVAL 1 DAY)", "field x is out of range: years are 1 to 9999$"),
        ("[STRUCT(TIMESTAMP_ADD(TIMESTAMP '9999-12-31', INTERVAL 9 DAY) AS t)]", "field x is out of range"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("DATE_DIFF(DATE '2017-12-30', DATE '2014-12-30', ISOYEAR)", "2"),
        ("DATE_DIFF(TIMESTAMP '2020-01-01 05:00:00', TIMESTAMP '2020-01-01', HOUR)", "5"),
        ("DATETIME_ADD(DATETIME '2020-01-31 00:00:00', INTERVAL 1 MONTH)", "2020-02-29T00:00:00"),
        ("DATE_ADD(DATE '9999-12-31', INTERVAL 1 DAY) > DATE '9999-12-31'", "true"),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: str) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]
