"""Values as GoogleSQL's reference gives them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/ and there: operators, conversion_functions,
string_functions, array_functions, mathematical_functions.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # operators#like_operator
        (r"'00000001_000.png' LIKE r'%\_000.png'", "true"),
        (r"'00000001x000.png' LIKE r'%\_000.png'", "false"),
        (r"'5%' LIKE r'5\%'", "true"),
        (r"'50' NOT LIKE r'5\%'", "true"),
        # operators#in_operators
        ("1 IN UNNEST([2, NULL])", None),
        ("2 IN UNNEST([2, NULL])", "true"),
        ("1 NOT IN UNNEST([2, NULL])", None),
        ("NULL IN UNNEST([1])", None),
        ("1 IN UNNEST(ARRAY<INT64>[])", "false"),
        # conversion_functions#cast-as-integer, and STRING to other types
        ("CAST(1.5 AS INT64)", "2"),
        ("CAST(2.5 AS INT64)", "3"),
        ("CAST(3.5 AS INT64)", "4"),
        ("CAST(-0.5 AS INT64)", "-1"),
        ("CAST(NUMERIC '2.5' AS INT64)", "3"),
        ("CAST('0x123' AS INT64)", "291"),
        ("CAST('-0x123' AS INT64)", "-291"),
        ("CAST('007' AS INT64)", "7"),
        ("SAFE_CAST(2.5 AS INT64)", "3"),
        ("SAFE_CAST('58.4' AS INT64)", None),
        ("SAFE_CAST('1e3' AS INT64)", None),
        ("SAFE_CAST('1_000' AS INT64)", None),
        ("SAFE_CAST('047Y' AS INT64)", None),
        ("SAFE_CAST('1_000' AS FLOAT64)", None),
        ("CAST('1e3' AS FLOAT64)", "1000.0"),
        ("SAFE_CAST('yes' AS BOOL)", None),
        ("SAFE_CAST('1' AS BOOL)", None),
        ("CAST('TRUE' AS BOOL)", "true"),
        ("CAST(2 AS BOOL)", "true"),
        # string_functions#substr, #instr
        ("SUBSTR('047Y', 0, 3)", "047"),
        ("SUBSTR('apple', 2)", "pple"),
        ("SUBSTR('apple', -2)", "le"),
        ("SUBSTR('apple', -9, 2)", "ap"),
        ("SUBSTR('apple', 123)", ""),
        ("INSTR('banana', 'an')", "2"),
        ("INSTR('banana', 'an', 1, 2)", "4"),
        ("INSTR('banana', 'an', 3)", "4"),
        ("INSTR('banana', 'an', 1, 3)", "0"),
        ("INSTR('banana', 'an', -1, 1)", "4"),
        ("INSTR('banana', 'an', -3, 1)", "4"),
        ("INSTR('banana', 'ann', 1, 1)", "0"),
        ("INSTR('helloooo', 'oo', 1, 2)", "6"),
        # mathematical_functions#sqrt, #ln, #exp
        ("SQRT(25.0)", "5.0"),
        ("LN(1)", "0.0"),
        ("EXP(0)", "1.0"),
        ("EXP(CAST('-inf' AS FLOAT64))", "0.0"),
        ("EXP(CAST('inf' AS FLOAT64))", "Infinity"),
        ("SAFE.SQRT(-1)", None),
        ("SAFE.LN(0)", None),
        ("SAFE.EXP(1000)", None),
        ("SAFE.DIV(1, 0)", None),
        ("SAFE.PARSE_DATE('%Y%m%d', SUBSTR('20200102x', 1, 8))", "2020-01-02"),
        ("SAFE.MOD(1, 0)", None),
        ("SAFE.SUBSTR('apple', 1, -1)", None),
        ("SAFE.SUBSTR('apple', 1, 2)", "ap"),
        ("SAFE.INSTR('banana', 'an', 0)", None),
        # functions-reference, safe_prefix covers the function but not its arguments
        ("SAFE.SUBSTR(UPPER('apple'), DIV(4, 2), -1)", None),
        ("SAFE.SUBSTR('apple', LENGTH('ab'), LENGTH('abc'))", "ppl"),
        ("SAFE.SQRT(LN(0.5))", None),
        ("SAFE.LN(SAFE.SQRT(-1))", None),
        ("SAFE.DIV(10, MOD(4, 2))", None),
        ("SAFE.PARSE_DATE('%Y%m%d', CONCAT('2020', SUBSTR('0102', 1, 4)))", "2020-01-02"),
        ("SAFE.PARSE_DATE('%Y%m%d', CONCAT('2020', 'x'))", None),
        ("SAFE.EDIT_DISTANCE('aa', 'b', max_distance => 1 - 2)", None),
        ("SAFE.SUBSTR((SELECT 'apple'), 1, 2)", "ap"),
        ("SAFE.SQRT((SELECT SUM(x) FROM UNNEST([-1, -3]) AS x))", None),
        ("SAFE_ADD(9223372036854775807, DIV(4, 4))", None),
        ("SAFE_SUBTRACT(-9223372036854775807, LENGTH('ab'))", None),
        ("SAFE_MULTIPLY(9223372036854775807, LENGTH('ab'))", None),
        ("SAFE_MULTIPLY(LENGTH('abc'), 2)", "6"),
        # string_functions#edit_distance, array_functions#array_slice
        ("EDIT_DISTANCE('abcdefg', 'a', max_distance => 2)", "2"),
        ("EDIT_DISTANCE('aa', 'b')", "2"),
        # array_functions#array_filter, #array_transform
        ("ARRAY_FILTER([1, 2, 3], e -> e > 1)", ["2", "3"]),
        ("ARRAY_FILTER([0, 2, 3], (e, i) -> e > i)", ["2", "3"]),
        ("ARRAY_TRANSFORM([1, 4, 3], e -> e + 1)", ["2", "5", "4"]),
        ("ARRAY_TRANSFORM([1, 4, 3], (e, i) -> e + i)", ["1", "5", "5"]),
        ("ARRAY_TRANSFORM([7], (e, i) -> STRUCT(e AS i, i AS k))", [["7", "0"]]),
        ("ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 1, 3)", ["b", "c", "d"]),
        ("ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -1, 3)", []),
        ("ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 1, -3)", ["b", "c"]),
        ("ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -5, -3)", ["a", "b", "c"]),
        ("ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 3, 10)", ["d", "e"]),
        ("ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -10, 1)", ["a", "b"]),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("CAST('58.4' AS INT64)", "Bad int64 value: 58.4"),
        ("CAST('1_000' AS FLOAT64)", "Bad double value: 1_000"),
        ("CAST('yes' AS BOOL)", "Bad bool value: yes"),
        (r"b'x' LIKE r'\_'", "operator LIKE for argument types: BYTES, STRING"),
        ("SQRT(-1)", "SQRT cannot be negative"),
        ("LN(0)", "LN must be positive"),
        ("EXP(1000)", "overflow in function: EXP"),
        ("SUBSTR('apple', 1, -1)", "cannot be negative"),
        ("INSTR('banana', 'an', 0)", "position other than 0"),
        ("SAFE.SUBSTR('apple', DIV(1, 0))", "division by zero"),
        ("SAFE_ADD(1, MOD(1, 0))", "division by zero"),
        ("SAFE.SUM(1)", "SAFE. is not supported for aggregate functions such as SUM"),
        ("ERROR('two\\nlines')", "two\nlines$"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")
