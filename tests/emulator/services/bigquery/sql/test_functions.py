"""Functions of text, sequences and dates of literals: the examples of GoogleSQL's reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions, hash_functions, array_functions,
json_functions, mathematical_functions#range_bucket, date_functions; literals: conversion_rules#coercion.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FARM_FINGERPRINT('1footrue')", "-1541654101129638711"),
        ("FARM_FINGERPRINT(b'3true')", "-4880158226897771312"),
        ("FARM_FINGERPRINT(NULL)", None),
        ("NORMALIZE_AND_CASEFOLD('The red barn') = NORMALIZE_AND_CASEFOLD('The Red Barn')", "true"),
        (r"NORMALIZE_AND_CASEFOLD('\u2168', NFKC) = NORMALIZE_AND_CASEFOLD('IX', NFKC)", "true"),
        (r"NORMALIZE('\u00ea') = NORMALIZE('\u0065\u0302')", "true"),
        (r"LENGTH(NORMALIZE('\u00ea', NFD))", "2"),
        (r"NORMALIZE('Raha\u2004Mahan', NFKC)", "Raha Mahan"),
        ("TO_CODE_POINTS('foo')", ["102", "111", "111"]),
        (r"TO_CODE_POINTS(b'\x00\x01\x10\xff')", ["0", "1", "16", "255"]),
        ("CODE_POINTS_TO_STRING([65, 255, 513, 1024])", "AÿȁЀ"),
        ("CODE_POINTS_TO_STRING([97, 0xF9B5, NULL])", None),
        ("CODE_POINTS_TO_STRING(NULL)", None),
        ("CODE_POINTS_TO_BYTES([65, 98, 67, 100])", "QWJDZA=="),
        ("SOUNDEX('Ashcraft')", "A261"),
        ("SOUNDEX('')", ""),
        ("CONTAINS_SUBSTR('the blue house', 'Blue house')", "true"),
        ("CONTAINS_SUBSTR('the red house', 'blue')", "false"),
        (r"CONTAINS_SUBSTR('\u2168 day', 'IX')", "true"),
        ("CONTAINS_SUBSTR((23, 35, 41), '35')", "true"),
        ("CONTAINS_SUBSTR(('red', [('yellow', 'BLUE')]), 'blue')", "true"),
        ("CONTAINS_SUBSTR(STRUCT('red' AS a, CAST(NULL AS STRING) AS b), 'blue')", None),
        ("CONTAINS_SUBSTR(NULL, 'a')", None),
        ("UNICODE('âbcd')", "226"),
        ("UNICODE('')", "0"),
        ("REPEAT('abc', 3)", "abcabcabc"),
        ("TRANSLATE('This is a cookie', 'sco', 'zku')", "Thiz iz a kuukie"),
        ("TRANSLATE('abc', 'ab', 'x')", "xc"),
        ("FROM_BASE32('MFRGGZDF74======')", "YWJjZGX/"),
        (r"TO_BASE32(b'abcde\xFF')", "MFRGGZDF74======"),
        ("TO_HEX(SUBSTR(SHA512('Hello World'), 1, 4))", "2c74fd17"),
        ("PARSE_NUMERIC('  -  12.34 ')", "-12.34"),
        ("PARSE_NUMERIC('1,2,,3,.45 + ')", "123.45"),
        ("PARSE_NUMERIC('.1234567890123456789')", "0.123456789"),
        ("PARSE_BIGNUMERIC('12.34E-1')", "1.234"),
        ("SAFE.PARSE_NUMERIC(',')", None),
        ("TYPEOF([STRUCT(1 AS a)])", "ARRAY<STRUCT<a INT64>>"),
        (r"BIT_COUNT(b'\xff\x01')", "9"),
        ("ARRAY_CONCAT([1, 2], [3, 4], [5, 6])", ["1", "2", "3", "4", "5", "6"]),
        ("ARRAY_CONCAT([1], CAST(NULL AS ARRAY<INT64>)) IS NULL", "true"),
        ("ARRAY_LENGTH(GENERATE_TIMESTAMP_ARRAY('2016-10-05', '2016-10-07', INTERVAL 1 DAY))", "3"),
        ("EXTRACT(WEEK(SUNDAY) FROM DATE '2017-11-05')", "45"),
        ("EXTRACT(WEEK(MONDAY) FROM DATE '2017-11-05')", "44"),
        ("EXTRACT(WEEK(MONDAY) FROM DATE '2017-11-06')", "45"),
        ("EXTRACT(WEEK FROM DATE '2016-01-01')", "0"),
        ("DATE_TRUNC(DATE '2015-06-15', ISOYEAR)", "2014-12-29"),
        ("TIMESTAMP_TRUNC(TIMESTAMP '2015-06-15 00:00:00+00', ISOYEAR)", "2014-12-29T00:00:00Z"),
        ("LAST_DAY(DATE '2008-11-25', ISOYEAR)", "2008-12-28"),
        ("DATE_BUCKET(DATE '1949-12-31', INTERVAL 2 DAY)", "1949-12-30"),
        ("DATE_BUCKET(DATE '2000-12-20', INTERVAL 7 DAY, DATE '2000-12-24')", "2000-12-17"),
        ("DATETIME_BUCKET(DATETIME '1949-12-31 13:00:00', INTERVAL 12 HOUR)", "1949-12-31T12:00:00"),
        ("RANGE_BUCKET(20, [0, 10, 20, 30, 40])", "3"),
        ("RANGE_BUCKET(20, [0, 10, 20, 20, 40, 40])", "4"),
        ("RANGE_BUCKET(25, [0, 10, 20, 30, 40])", "3"),
        ("RANGE_BUCKET(-10, [5, 6])", "0"),
        ("RANGE_BUCKET(NULL, [0])", None),
        ("GENERATE_ARRAY(1, 5)", ["1", "2", "3", "4", "5"]),
        ("GENERATE_ARRAY(10, 0, -3)", ["10", "7", "4", "1"]),
        ("GENERATE_ARRAY(4, 4, 10)", ["4"]),
        ("GENERATE_ARRAY(10, 0, 3)", []),
        ("GENERATE_ARRAY(0.5, 2.5, 0.5)", ["0.5", "1.0", "1.5", "2.0", "2.5"]),
        ("GENERATE_ARRAY(2.5, 0.5, 1)", []),
        ("GENERATE_ARRAY(NUMERIC '1', 2, NUMERIC '0.5')", ["1", "1.5", "2"]),
        ("JSON_VALUE('no json', '$.a')", None),
        ("DATE_ADD('2008-12-25', INTERVAL 5 DAY)", "2008-12-30"),
        ("DATE_SUB('2020-1-1', INTERVAL 1 MONTH)", "2019-12-01"),
        ("DATE_DIFF('2010-07-07', '2008-12-25', DAY)", "559"),
        ("DATE_DIFF('2017-10-15', '2017-10-14', WEEK)", "1"),
        ("DATE_TRUNC('2008-12-25', MONTH)", "2008-12-01"),
        ("DATETIME_ADD('2020-01-01', INTERVAL 1 HOUR)", "2020-01-01T01:00:00"),
        ("DATETIME_DIFF('2020-01-01 10:00:00', '2020-01-01', HOUR)", "10"),
        ("TIMESTAMP_ADD('2020-01-01 00:00:00+01', INTERVAL 1 HOUR)", "2020-01-01T00:00:00Z"),
        ("TIMESTAMP_DIFF('2020-01-01 10:00:00+00', '2020-01-01', MINUTE)", "600"),
        ("TIME_ADD('15:30:00', INTERVAL 10 MINUTE)", "15:40:00"),
        ("TIME_DIFF('15:30:00', '14:35:00', MINUTE)", "55"),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("GENERATE_ARRAY(1, 2, 0)", "^Sequence step cannot be 0.$"),
        ("GENERATE_ARRAY(1, 2, 0.0)", "^Sequence step cannot be 0.$"),
        ("CODE_POINTS_TO_STRING([-1])", "^Invalid codepoint -1$"),
        ("CODE_POINTS_TO_BYTES([256])", "^Invalid extended ASCII code points 256$"),
        ("RANGE_BUCKET(1, [0, NULL])", "cannot be NULL$"),
        ("LEFT('a', -1)", r"^Second argument in LEFT\(\) cannot be negative$"),
        ("RIGHT('a', -1)", r"^Second argument in RIGHT\(\) cannot be negative$"),
        ("REGEXP_REPLACE('a', 'a', r'\\2')", "^Invalid REGEXP_REPLACE pattern$"),
        ("FROM_HEX('zz')", "^Failed to decode invalid hexadecimal string$"),
        (r"'a' LIKE CONCAT('\\', '')", "^LIKE pattern ends with a backslash$"),
        ("REPEAT('a', -1)", "cannot be negative$"),
        ("TRANSLATE('aa', 'aa', 'bc')", '^Duplicate character "a" in TRANSLATE source characters$'),
        ("PARSE_NUMERIC('12.34E-1-0')", '^Invalid input to PARSE_NUMERIC: "12.34E-1-0"$'),
        ("FROM_BASE32('1')", "^Failed to decode invalid base32 string$"),
        ("NORMALIZE_AND_CASEFOLD('a', 1.5)", "is no form of normalization"),
        ("NORMALIZE('a', NFX)", "^NFX is no form of normalization"),
        ("DATE_ADD('x', INTERVAL 1 DAY)", "^Invalid date: 'x'$"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")


def test_windows_take_expressions(warehouse: SmallWarehouse) -> None:
    sql = (
        "SELECT id, ROW_NUMBER() OVER (PARTITION BY MOD(id, 2), DIV(id, 9) ORDER BY id / 2 DESC) AS n "
        "FROM d.t ORDER BY id"
    )
    assert warehouse.run(sql)[1] == [["1", "2"], ["2", "1"], ["3", "1"]]


def test_the_most_frequent_values_may_be_null(warehouse: SmallWarehouse) -> None:
    """Source: approximate_aggregate_functions#approx_top_count, which does not ignore NULLs."""
    sql = "SELECT APPROX_TOP_COUNT(x, 2) FROM UNNEST(['a', 'b', 'a', NULL, NULL, NULL]) AS x"
    assert warehouse.run(sql)[1] == [[[[None, "3"], ["a", "2"]]]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("('apple', 3), ('pear', 2), ('apple', 0), ('banana', 5), ('pear', 4)", [["pear", "6"], ["banana", "5"]]),
        ("('apple', NULL), ('pear', 0), ('pear', NULL)", [["pear", "0"], ["apple", None]]),
        ("('apple', 0), (NULL, 2)", [[None, "2"], ["apple", "0"]]),
        ("('apple', 0), (NULL, NULL)", [["apple", "0"], [None, None]]),
    ],
)
def test_the_heaviest_values(warehouse: SmallWarehouse, rows: str, expected: list[list[str | None]]) -> None:
    """Source: approximate_aggregate_functions#approx_top_sum."""
    array = f"UNNEST(ARRAY<STRUCT<x STRING, weight INT64>>[{rows}])"
    columns, found = warehouse.run(f"SELECT APPROX_TOP_SUM(x, weight, 2) AS x FROM {array}")
    assert (columns, found) == (["x ARRAY<STRUCT<value STRING, sum INT64>>"], [[expected]])
