"""Numbers as the reference gives them: NUMERIC stays NUMERIC, NaN equals nothing, what is undefined is an error.

https://cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions, operators (arithmetic,
comparison), data-types (numeric types, floating point semantics), statistical_aggregate_functions.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("NUMERIC '1' / 3", "0.333333333"),
        ("NUMERIC '2' / -3", "-0.666666667"),
        ("NUMERIC '1' / NUMERIC '0.000000003'", "333333333.333333333"),
        ("NUMERIC '99999999999999999999999999999' / NUMERIC '7'", "14285714285714285714285714285.571428571"),
        ("SAFE_DIVIDE(NUMERIC '1', 3)", "0.333333333"),
        ("SAFE_DIVIDE(NUMERIC '1', 0)", None),
        ("NUMERIC '1.5' * NUMERIC '2.5'", "3.75"),
        ("NUMERIC '1000000000000000' * NUMERIC '10000000000.5'", "10000000000500000000000000"),
        ("NUMERIC '-0.000000001' * NUMERIC '0.5'", "-0.000000001"),
        ("NUMERIC '1.5' * 2.5", "3.75"),
        ("NUMERIC '1.1' + 2.2", "3.3"),
        ("SQRT(NUMERIC '2')", "1.414213562"),
        ("POW(NUMERIC '2', 2)", "4"),
        ("EXP(NUMERIC '1')", "2.718281828"),
        ("LN(NUMERIC '2')", "0.693147181"),
        ("LOG(NUMERIC '8', 2)", "3"),
        ("DIV(NUMERIC '7.5', 2)", "3"),
        ("MOD(NUMERIC '7.5', 2)", "1.5"),
        ("ROUND(NUMERIC '25.5')", "26"),
        ("SIGN(NUMERIC '-1.5')", "-1"),
        ("(SELECT AVG(x) FROM UNNEST([NUMERIC '1', NUMERIC '2', NUMERIC '2']) AS x)", "1.666666667"),
        ("(SELECT AVG(x) OVER () FROM UNNEST([NUMERIC '1', NUMERIC '2', NUMERIC '2']) AS x LIMIT 1)", "1.666666667"),
        ("(SELECT ROUND(x, y) FROM UNNEST([STRUCT(NUMERIC '2.567' AS x, 2 AS y)]))", "2.57"),
    ],
)
def test_numeric_stays_numeric(warehouse: SmallWarehouse, expression: str, expected: str | None) -> None:
    assert warehouse.run(f"SELECT {expression} AS x") == (["x NUMERIC"], [[expected]])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("NUMERIC '1.5' + CAST(1 AS FLOAT64)", "2.5"),
        ("1 / 2", "0.5"),
        ("DIV(9223372036854775807, 1)", "9223372036854775807"),
        ("DIV(-7, 2)", "-3"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("SAFE_NEGATE(-9223372036854775808)", None),
        ("SIGN(-1.5)", "-1.0"),
        ("CBRT(27)", "3.0"),
        ("(SELECT MIN(x) FROM UNNEST([1.5, IEEE_DIVIDE(0, 0)]) AS x)", "NaN"),
        ("(SELECT MIN(x) FROM UNNEST([1.5, NULL, 0.5]) AS x)", "0.5"),
        ("LOG(100, 10)", "2.0"),
        ("LOG10(1000)", "3.0"),
        ("LOG(CAST('inf' AS FLOAT64), 0.5)", "-Infinity"),
        ("LOG(2, CAST('inf' AS FLOAT64))", "NaN"),
        ("POW(2, 3)", "8.0"),
        ("POW(-1, CAST('inf' AS FLOAT64))", "1.0"),
        ("POW(0.5, CAST('-inf' AS FLOAT64))", "Infinity"),
        ("POW(" * 12 + "2" + ", 1)" * 12, "2.0"),  # takes no longer than twelve of them
        ("SAFE.POW(10, 400)", None),
        ("SAFE.LOG(10, 1)", None),
        ("SAFE.ACOS(2)", None),
        ("(SELECT CORR(x, x) FROM UNNEST([1]) AS x)", None),
        ("(SELECT CORR(x, x) FROM UNNEST([1, 1]) AS x)", "NaN"),
        ("(SELECT CORR(x, x) OVER () FROM UNNEST([1]) AS x)", None),
        ("(SELECT ROUND(CORR(x, 2 * x), 6) FROM UNNEST([1, 2, 4]) AS x)", "1.0"),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


def test_nan_equals_nothing(warehouse: SmallWarehouse) -> None:
    comparisons = "x = x, x != x, x > 1, x < 1, 1 < x, x >= x, x <= x, 1 != x, x = CAST(NULL AS FLOAT64)"
    found = warehouse.run(f"SELECT {comparisons} FROM (SELECT CAST('nan' AS FLOAT64) AS x)")[1]
    assert found == [["false", "true", "false", "false", "false", "false", "false", "true", None]]
    assert warehouse.run("SELECT x FROM UNNEST([1.5, IEEE_DIVIDE(0, 0), 2.5]) AS x WHERE x > 2")[1] == [["2.5"]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 / 0", "division by zero"),
        ("NUMERIC '1' / 0", "division by zero"),
        ("9223372036854775808", "Invalid integer literal: 9223372036854775808"),
        ("-(-9223372036854775808)", "int64 overflow"),
        ("9223372036854775807 * 2", "int64 overflow"),
        ("-9223372036854775807 - 2", "int64 overflow"),
        ("(SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x)", "out of range"),
        ("NUMERIC '99999999999999999999999999999.5' + 1", "numeric overflow"),
        ("NUMERIC '99999999999999999999999999999' * 10", "numeric overflow"),
        ("CAST(1e30 AS NUMERIC)", "numeric overflow"),
        ("POW(0, -1)", "Division by zero in function: POW"),
        ("POW(-1, 0.5)", "Floating point error in function: POW"),
        ("POW(10, 400)", "Floating point error in function: POW"),
        ("EXP(1000)", "Floating point error in function: EXP"),
        ("LOG(0, 2)", "Argument to LOG must be positive"),
        ("LOG(10, 1)", "The base of LOG"),
        ("LOG(10, 0)", "The base of LOG"),
        ("LOG10(0)", "must be positive"),
        ("ACOS(2)", "between -1 and 1"),
        ("ATANH(1)", "between -1 and 1"),
        ("COSH(1000)", "overflow in function: COSH"),
        ("CSC(0)", "CSC cannot be 0"),
        ("CSCH(1e-320)", "Floating point error in function: CSCH"),
        ("(SELECT COT(x) FROM UNNEST([1e-320]) AS x)", "Floating point error in function: COT"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 << 3", "8"),
        ("1 << 63", str(-(2**63))),
        ("3 << 64", "0"),
        ("3 << 1000", "0"),
        ("-1 >> 1", str(2**63 - 1)),
        ("-1 >> 64", "0"),
        ("12 >> 2", "3"),
        ("CAST(NULL AS INT64) << 1", None),
        ("(SELECT x << y FROM UNNEST([STRUCT(5 AS x, 2 AS y)]))", "20"),
    ],
)
def test_shifts_carry_no_sign(warehouse: SmallWarehouse, expression: str, expected: str | None) -> None:
    """Operators, "Bitwise operators": vacant bits are 0, and 64 or more places leave nothing."""
    assert warehouse.run(f"SELECT {expression} AS x") == (["x INT64"], [[expected]])


@pytest.mark.parametrize("expression", ["1 << -1", "1 >> -1"])
def test_shifts_by_less_than_nothing(warehouse: SmallWarehouse, expression: str) -> None:
    with pytest.raises(SqlError, match="Bitwise shift by a negative offset"):
        warehouse.run(f"SELECT {expression}")


@pytest.mark.parametrize(
    "expression",
    [
        "1e308 * 10",
        "-(1e308 + 1e308) / 4",
        "(SELECT x * x FROM UNNEST([1e200]) AS x)",
        "(SELECT SUM(x * y - 1) FROM UNNEST([STRUCT(1e308 AS x, 1e10 AS y)]))",
        "(SELECT x / 1e-10 FROM UNNEST([CAST('1e308' AS FLOAT64)]) AS x)",
        "(SELECT ABS(x) * SQRT(1e10) FROM UNNEST([-1e308]) AS x)",
        "(SELECT SUM(x) * 1e300 FROM UNNEST([1e10, 1e10]) AS x)",
        "(SELECT SUM(x) FROM UNNEST([1e308, 1e308]) AS x)",
        "(SELECT SUM(DISTINCT x) FROM UNNEST([1e308, 1.1e308]) AS x)",
        "(SELECT AVG(x) FROM UNNEST([-1e308, -1e308]) AS x)",
        "(SELECT MAX(s) FROM (SELECT SUM(x) OVER () AS s FROM UNNEST([1e308, 1e308]) AS x))",
    ],
)
def test_arithmetic_that_leaves_the_range_of_float64_is_an_error(warehouse: SmallWarehouse, expression: str) -> None:
    with pytest.raises(SqlError, match="double overflow"):
        warehouse.run(f"SELECT {expression} AS x")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SAFE_MULTIPLY(1e308, 10)", None),
        ("SAFE_DIVIDE(1.5, 0)", None),
        ("(SELECT SAFE_ADD(x, x) FROM UNNEST([1e308]) AS x)", None),
        ("(SELECT SAFE_ADD(x, x) FROM UNNEST([1.5]) AS x)", "3.0"),
        ("(SELECT x * 2 + 1 FROM UNNEST([CAST('inf' AS FLOAT64)]) AS x)", "Infinity"),
        ("(SELECT x - x FROM UNNEST([CAST('inf' AS FLOAT64)]) AS x)", "NaN"),
        ("(SELECT x * NULL FROM UNNEST([1e308]) AS x)", None),
        ("IEEE_DIVIDE(1, 0) + 1.5", "Infinity"),
        ("(SELECT IEEE_DIVIDE(ABS(x), 0) * 2 FROM UNNEST([1.5]) AS x)", "Infinity"),
        ("(SELECT ABS(x) * 2 FROM UNNEST([CAST('-inf' AS FLOAT64)]) AS x)", "Infinity"),
        ("(SELECT SUM(x) * 2 FROM UNNEST([1.5, CAST('-inf' AS FLOAT64)]) AS x)", "-Infinity"),
        ("(SELECT SUM(x) FROM UNNEST([CAST('inf' AS FLOAT64), CAST('-inf' AS FLOAT64)]) AS x)", "NaN"),
        ("(SELECT MAX(s) FROM (SELECT SUM(x) OVER () AS s FROM UNNEST([1.5, NULL, 1.5]) AS x))", "3.0"),
        ("(SELECT AVG(x) / COUNT(*) FROM UNNEST([1.5, NULL]) AS x)", "0.75"),
        ("(SELECT SUM(x) FROM UNNEST(ARRAY<FLOAT64>[]) AS x)", None),
        ("1e308 * 0.5 + 2 / 4", "5e+307"),
    ],
)
def test_arithmetic_on_infinities_stays_what_it_is(
    warehouse: SmallWarehouse, expression: str, expected: str | None
) -> None:
    assert warehouse.run(f"SELECT {expression} AS x") == (["x FLOAT64"], [[expected]])
