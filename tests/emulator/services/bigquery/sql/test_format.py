"""FORMAT: the examples of GoogleSQL's reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#format_string
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("'%d', 10", "10"),
        ("'|%10d|', 11", "|        11|"),
        ("'+%010d+', 12", "+0000000012+"),
        ('"%\'d", 123456789', "123,456,789"),
        ('"%\'x", 123456789', "75b:cd15"),
        ('"%\'o", 55555', "15,4403"),
        ('"%\'.2f", 1234567.891', "1,234,567.89"),
        ("'-%s-', 'abcd efg'", "-abcd efg-"),
        ("'%f %E', 1.1, 2.2", "1.100000 2.200000E+00"),
        ("'%t', DATE '2015-09-01'", "2015-09-01"),
        ("'%t', TIMESTAMP '2015-09-01 12:34:56 America/Los_Angeles'", "2015-09-01 19:34:56+00"),
        ("'%T', TIMESTAMP '2015-09-01 12:34:56 America/Los_Angeles'", 'TIMESTAMP "2015-09-01 19:34:56+00"'),
        ("'%T', DATE '2020-01-01'", 'DATE "2020-01-01"'),
        ("'%T', DATETIME '2020-01-01 00:00:00'", 'DATETIME "2020-01-01 00:00:00"'),
        ("'%T %T', 'abc', b'abc\\x01'", '"abc" b"abc\\x01"'),
        ("'%T', r'a\\b'", '"a\\\\b"'),
        ("'%T', 'say \"x\"'", "'say \"x\"'"),
        ("'%t', [1, NULL, 3]", "[1, NULL, 3]"),
        ("'%T %t', ['a'], ['a']", '["a"] [a]'),
        ("'%T %t', STRUCT(1 AS a, 'x' AS b), STRUCT(1 AS a, 'x' AS b)", '(1, "x") (1, x)'),
        ("'%T', STRUCT(DATE '2020-01-01')", 'STRUCT(DATE "2020-01-01")'),
        ("'%T %t', 1.0, 1.0", "1.0 1.0"),
        ("'%T %t', CAST('inf' AS FLOAT64), CAST('nan' AS FLOAT64)", 'CAST("inf" AS FLOAT64) NaN'),
        ("'%T %t', NUMERIC '1.50', NUMERIC '1.50'", 'NUMERIC "1.5" 1.5'),
        ("'%.1f %.1f', 0.25, NUMERIC '0.25'", "0.2 0.3"),
        ("'%t %T', NULL, TRUE", "NULL true"),
        ("'%d', CAST(NULL AS INT64)", None),
        ("'%5s|%-5s|%.3s|%*d|%%', 'a', 'b', 'abcdef', 4, 3", "    a|b    |abc|   3|%"),
        ("'%x %X %#x %o %i', 255, 255, 255, 8, 7", "ff FF 0xff 10 7"),
        ("'%g %G %g', 1e10, 1e-7, 123.5", "1e+10 1E-07 123.5"),
        ("'%+d|% d|%05.1f|%08.3f', 5, 5, 2.25, -1.5", "+5| 5|002.2|-001.500"),
        ("'%f %F', CAST('inf' AS FLOAT64), CAST('-inf' AS FLOAT64)", "inf -INF"),
        ("'%p', JSON '{\"a\": [1]}'", '{"a":[1]}'),
        ("'%P', JSON '{\"a\": 10}'", '{\n  "a": 10\n}'),
        ("'%T', JSON '{\"a\": 10}'", "JSON '{\"a\":10}'"),
        ("'text'", "text"),
    ],
)
def test_values(warehouse: SmallWarehouse, arguments: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT FORMAT({arguments}) AS x")[1] == [[expected]]


def test_columns_and_a_format_of_a_column(warehouse: SmallWarehouse) -> None:
    sql = "SELECT FORMAT(CONCAT(name, ' %d'), id), FORMAT('%T', recs) FROM d.t WHERE id = 1"
    recs = '[("a", 1, TIMESTAMP "2021-01-01 00:00:00+00", [STRUCT(5)]), ("b", 2, NULL, [])]'
    assert warehouse.run(sql)[1] == [["Ann 1", recs]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'%d %d', 1", '^Too few arguments to FORMAT for pattern "%d %d"; Got 1$'),
        ("'%d', 1, 2", '^Too many arguments to FORMAT for pattern "%d"; Expected 1; Got 2$'),
        ("'%d', 'a'", "^Invalid type for argument 2 to FORMAT; Expected integer$"),
        ("'%s %f', 'a', 'b'", "^Invalid type for argument 3 to FORMAT; Expected floating point$"),
        ("'%y', 1", '^Invalid format specifier character "y" in FORMAT string: "%y"$'),
        ("'%x', -1", "^FORMAT takes no negative value for %x$"),
    ],
)
def test_errors(warehouse: SmallWarehouse, arguments: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT FORMAT({arguments}) AS x")
