"""LIKE and regular expressions: the examples of GoogleSQL's reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#like_operator_quantified and
string_functions#regexp_extract, #regexp_extract_all, #regexp_instr, #regexp_substr.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("NULL LIKE ANY ('a', 'b')", None),
        ("'a' LIKE ANY ('a', 'c')", "true"),
        ("'a' LIKE ANY ('b', 'c')", "false"),
        ("'a' LIKE SOME ('a', NULL)", "true"),
        ("'a' LIKE ANY ('b', NULL)", None),
        ("NULL NOT LIKE ANY ('a', 'b')", None),
        ("'a' NOT LIKE ANY ('a', 'b')", "true"),
        ("'a' NOT LIKE SOME ('a', '%a%')", "false"),
        ("'a' NOT LIKE ANY ('a', NULL)", None),
        ("'a' NOT LIKE ANY ('b', NULL)", "true"),
        ("NULL LIKE ALL ('a', 'b')", None),
        ("'a' LIKE ALL ('a', '%a%')", "true"),
        ("'a' LIKE ALL ('a', 'c')", "false"),
        ("'a' LIKE ALL ('a', NULL)", None),
        ("'a' LIKE ALL ('b', NULL)", "false"),
        ("'a' NOT LIKE ALL ('b', 'c')", "true"),
        ("'a' NOT LIKE ALL ('a', 'c')", "false"),
        ("'a' NOT LIKE ALL ('a', NULL)", "false"),
        ("'a' NOT LIKE ALL ('b', NULL)", None),
        ("'Clarity and security.' LIKE ANY UNNEST(['%ion%', '%and%'])", "true"),
        ("'a' LIKE ANY UNNEST(['b', NULL])", None),
        ("'a' LIKE ANY UNNEST(ARRAY<STRING>[])", "false"),
        ("'a' LIKE ALL UNNEST(ARRAY<STRING>[])", "true"),
        ("'a' LIKE ALL UNNEST(['a%', 'b'])", "false"),
        ("'a' NOT LIKE SOME UNNEST(['a', 'b'])", "true"),
        ("'a' NOT LIKE ALL UNNEST(['b', NULL])", None),
        (r"'5%' LIKE ANY ('a', r'5\%')", "true"),
        (r"'50' LIKE ANY ('a', r'5\%')", "false"),
        (r"'50' NOT LIKE ALL UNNEST(['a', r'5\%'])", "true"),
        ("REGEXP_EXTRACT('foo@example.com', r'^[a-zA-Z0-9_.+-]+')", "foo"),
        ("REGEXP_EXTRACT('foo@example.com', r'^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\\.([a-zA-Z0-9-.]+$)')", "com"),
        ("REGEXP_EXTRACT('ab', '.b')", "ab"),
        ("REGEXP_EXTRACT('ab', '(.)b')", "a"),
        ("REGEXP_EXTRACT('xyztb', '(.)+b')", "t"),
        ("REGEXP_EXTRACT('ab', '(z)?b')", None),
        ("REGEXP_EXTRACT('ab', r'(?P<n>a)[(]?')", "a"),
        ("REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 1)", "Hello"),
        ("REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 2)", "Helloo"),
        ("REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 3)", "Hellooo"),
        ("REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 4)", None),
        ("REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 2, 1)", "ello"),
        ("REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 3, 1)", "Helloo"),
        ("REGEXP_EXTRACT('cats&dogs&rabbits', r'\\w+&', 1, 2)", "dogs&"),
        ("REGEXP_SUBSTR('Hello World Helloo', 'H?ello+', 1, 1)", "Hello"),
        ("REGEXP_EXTRACT_ALL('Try `func(x)` or `func(y)`', '`(.+?)`')", ["func(x)", "func(y)"]),
        ("REGEXP_INSTR('ab@cd-ef', '@[^-]*')", "3"),
        ("REGEXP_INSTR('ab@d-ef', '@[^-]*')", "3"),
        ("REGEXP_INSTR('abc@cd-ef', '@[^-]*')", "4"),
        ("REGEXP_INSTR('abc-ef', '@[^-]*')", "0"),
        ("REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 1)", "2"),
        ("REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 2)", "2"),
        ("REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 3)", "10"),
        ("REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 4)", "10"),
        ("REGEXP_INSTR('a@cd-ef b@cd-ef c@cd-ef', '@[^-]*', 1, 1)", "2"),
        ("REGEXP_INSTR('a@cd-ef b@cd-ef c@cd-ef', '@[^-]*', 1, 2)", "10"),
        ("REGEXP_INSTR('a@cd-ef b@cd-ef c@cd-ef', '@[^-]*', 1, 3)", "18"),
        ("REGEXP_INSTR('a@cd-ef', '@[^-]*', 1, 1, 0)", "2"),
        ("REGEXP_INSTR('a@cd-ef', '@[^-]*', 1, 1, 1)", "5"),
        ("REGEXP_INSTR('aab', 'a(a)')", "2"),
        ("REGEXP_INSTR('aab', 'a(a)', 1, 1, 1)", "3"),
        ("REGEXP_INSTR('abc', '')", "0"),
        ("REGEXP_INSTR('abc', 'a', 4)", "0"),
        ("REGEXP_INSTR(NULL, 'a')", None),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


def test_patterns_of_columns(warehouse: SmallWarehouse) -> None:
    sql = "SELECT REGEXP_EXTRACT(s, r) FROM UNNEST([STRUCT('abc' AS s, 'b(c)' AS r), ('abc', 'b')])"
    assert warehouse.run(sql)[1] == [["c"], ["b"]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("REGEXP_EXTRACT('ab', '(a)(b)')", "must not have more than 1 capturing group$"),
        ("REGEXP_EXTRACT('ab', CONCAT('(a)', '(b)'))", "must not have more than 1 capturing group$"),
        ("REGEXP_EXTRACT('ab', 'a', 0)", "position and an occurrence of at least 1$"),
        ("REGEXP_INSTR('ab', 'a', 1, 0)", "position and an occurrence of at least 1"),
        ("REGEXP_INSTR('ab', 'a', 1, 1, 2)", "0 or 1 as occurrence_position$"),
        ("'a' LIKE ANY (SELECT 'a')", "LIKE ANY takes a list of patterns in parentheses, or UNNEST"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")
