"""BIGNUMERIC: 76 digits, 38 of them after the point, against Python's decimal.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types, conversion_rules and
mathematical_functions; the words of errors are those of GoogleSQL's own source (numeric_value.cc).
"""

import decimal
import random
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from emulator.services.bigquery.sql import engine, storage
from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

LEAST = "-578960446186580977117854925043439539266.34992332820282019728792003956564819968"
GREATEST = "578960446186580977117854925043439539266.34992332820282019728792003956564819967"
EXACT = decimal.Context(prec=400)
LAST = Decimal("1e-38")


def rounded(value: Decimal) -> Decimal:
    """A result as BIGNUMERIC keeps it."""
    return value.quantize(LAST, ROUND_HALF_UP, EXACT)


def numbers(seed: int, count: int) -> list[Decimal]:
    """Numbers of all sizes, from one seed."""
    chance = random.Random(seed)  # noqa: S311
    made = [Decimal(0), Decimal(1), Decimal(-1), LAST, -LAST, Decimal("0.5"), Decimal(LEAST), Decimal(GREATEST)]
    while len(made) < count:
        digits = chance.randint(1, 76)
        after = chance.randint(max(0, digits - 38), min(digits, 38))
        made.append(Decimal(chance.choice((1, -1)) * chance.randrange(10**digits)).scaleb(-after, EXACT))
    return made


def written(values: list[tuple[Decimal, Decimal]]) -> str:
    """What comes after SELECT ... FROM for the rows of these pairs."""
    rows = ";".join(f"{a:f} {b:f}" for a, b in values)
    sides = ", ".join(f"CAST(SPLIT(pair, ' ')[{place}] AS BIGNUMERIC) AS {name}" for place, name in enumerate("ab"))
    return f"(SELECT {sides}, place FROM UNNEST(SPLIT('{rows}', ';')) AS pair WITH OFFSET AS place) ORDER BY place"


def pairs(seed: int) -> list[tuple[Decimal, Decimal]]:
    return list(zip(numbers(seed, 100), reversed(numbers(seed + 1, 100)), strict=True))


BINARY: dict[str, Any] = {
    "a + b": EXACT.add,
    "a - b": EXACT.subtract,
    "a * b": EXACT.multiply,
    "a / b": EXACT.divide,
    "DIV(a, b)": EXACT.divide_int,
    "MOD(a, b)": EXACT.remainder,
    "-a": lambda a, _: EXACT.minus(a),
    "ABS(a)": lambda a, _: EXACT.abs(a),
    "SIGN(a)": lambda a, _: Decimal((a > 0) - (a < 0)),
    "ROUND(a)": lambda a, _: a.quantize(Decimal(1), ROUND_HALF_UP, EXACT),
    "ROUND(a, 5)": lambda a, _: a.quantize(Decimal("1e-5"), ROUND_HALF_UP, EXACT),
    "ROUND(a, -3)": lambda a, _: a.quantize(Decimal("1e3"), ROUND_HALF_UP, EXACT),
    "TRUNC(a)": lambda a, _: a.quantize(Decimal(1), ROUND_DOWN, EXACT),
    "TRUNC(a, 20)": lambda a, _: a.quantize(Decimal("1e-20"), ROUND_DOWN, EXACT),
    "CEIL(a)": lambda a, _: a.quantize(Decimal(1), decimal.ROUND_CEILING, EXACT),
    "FLOOR(a)": lambda a, _: a.quantize(Decimal(1), decimal.ROUND_FLOOR, EXACT),
    "SQRT(ABS(a / 2))": lambda a, _: EXACT.sqrt(rounded(abs(a) / 2)),
    "GREATEST(a, b)": max,
    "LEAST(a, b)": min,
}


@pytest.mark.parametrize("expression", BINARY)
@pytest.mark.parametrize("seed", [1, 2])
def test_operations(warehouse: SmallWarehouse, expression: str, seed: int) -> None:
    """A result in range is right to the last digit; one that is not, and division by 0, fails."""
    context = decimal.getcontext().copy()
    context.prec = 400
    with decimal.localcontext(context):
        right: list[tuple[tuple[Decimal, Decimal], Decimal | None]] = []
        for a, b in pairs(seed):
            try:
                found = rounded(BINARY[expression](a, b))
            except (decimal.DivisionByZero, decimal.InvalidOperation):
                found = None
            fits = found is not None and Decimal(LEAST) <= found <= Decimal(GREATEST)
            right.append(((a, b), found if fits else None))
        good = [pair for pair, found in right if found is not None]
        columns, rows = warehouse.run(f"SELECT {expression} AS x FROM {written(good)}")
        assert columns == ["x BIGNUMERIC"]
        assert [Decimal(row[0]) for row in rows] == [found for _, found in right if found is not None]
        bad = [pair for pair, found in right if found is None]
        for pair in bad[:5]:
            with pytest.raises(SqlError, match=r"BIGNUMERIC overflow|division by zero"):
                warehouse.run(f"SELECT {expression} AS x FROM {written([pair])}")


@pytest.mark.parametrize("operator", ["<", "<=", "=", "!=", ">", ">="])
def test_comparisons(warehouse: SmallWarehouse, operator: str) -> None:
    found = warehouse.run(f"SELECT a {operator} b FROM {written(pairs(3))}")[1]
    compare = {"<": "__lt__", "<=": "__le__", "=": "__eq__", "!=": "__ne__", ">": "__gt__", ">=": "__ge__"}[operator]
    assert [row[0] == "true" for row in found] == [getattr(a, compare)(b) for a, b in pairs(3)]


def test_order_groups_and_aggregates(warehouse: SmallWarehouse) -> None:
    context = decimal.getcontext().copy()
    context.prec = 400
    with decimal.localcontext(context):
        values = [rounded(a / 1000) for a in numbers(4, 150)[8:]] * 2
        array = f"(SELECT a AS x FROM {written([(value, value) for value in values])})"
        ordered = warehouse.run(f"SELECT x, COUNT(*) FROM {array} GROUP BY x ORDER BY x DESC")[1]
        assert [Decimal(x) for x, _ in ordered] == sorted(set(values), reverse=True)
        assert {count for _, count in ordered} == {"2"}
        assert [Decimal(x[0]) for x in warehouse.run(f"SELECT DISTINCT x FROM {array} ORDER BY 1")[1]] == sorted(
            set(values)
        )
        aggregates = "SUM(x), AVG(x), MIN(x), MAX(x), SUM(DISTINCT x), COUNT(x), COUNT(DISTINCT x)"
        (found,) = warehouse.run(f"SELECT {aggregates} FROM {array}")[1]
        total = sum(values, Decimal(0))
        right = [total, rounded(total / len(values)), min(values), max(values), total / 2]
        assert [Decimal(value) for value in found[:5]] == right
        assert found[5:] == [str(len(values)), str(len(values) // 2)]
        windows = "SUM(x) OVER (ORDER BY x), AVG(x) OVER (), LAG(x, 1, 0) OVER (ORDER BY x)"
        (first,) = warehouse.run(f"SELECT {windows} FROM {array} ORDER BY x LIMIT 1")[1]
        assert [Decimal(value) for value in first] == [2 * min(values), right[1], 0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("BIGNUMERIC '1.50'", "1.5"),
        ("BIGNUMERIC '-5.7896044618658097711785492504343953926634992332820282019728792003956564819968E+38'", LEAST),
        ("BIGDECIMAL '1e-38'", "0.00000000000000000000000000000000000001"),
        ("BIGNUMERIC '0.000000000000000000000000000000000000005'", "0.00000000000000000000000000000000000001"),
        ("BIGNUMERIC '1' / 3", "0." + "3" * 38),
        ("BIGNUMERIC '2' / BIGNUMERIC '-3'", "-0." + "6" * 37 + "7"),
        ("NUMERIC '1' + BIGNUMERIC '0.5'", "1.5"),
        ("1 - BIGNUMERIC '0.5'", "0.5"),
        ("BIGNUMERIC '2' * 0.1", "0.2"),
        ("CAST(0.1 AS BIGNUMERIC)", "0.1"),
        ("(SELECT CAST(x AS BIGNUMERIC) FROM UNNEST([0.1]) AS x)", "0.10000000000000000555111512312578270212"),
        ("CAST(NUMERIC '-0.5' AS BIGNUMERIC)", "-0.5"),
        ("CAST(9223372036854775807 AS BIGNUMERIC)", "9223372036854775807"),
        ("CAST(BIGNUMERIC '1.256' AS BIGNUMERIC(5, 2))", "1.26"),
        ("SAFE_CAST('58.4x' AS BIGNUMERIC)", None),
        ("SAFE_CAST('1e39' AS BIGNUMERIC)", None),
        ("SAFE_CAST(1000 AS BIGNUMERIC(3, 1))", None),
        ("PARSE_BIGNUMERIC(' - 1,234.5 ')", "-1234.5"),
        ("SAFE_DIVIDE(BIGNUMERIC '1', 0)", None),
        (f"SAFE_ADD(BIGNUMERIC '{GREATEST}', 1)", None),
        ("SAFE.SQRT(BIGNUMERIC '-1')", None),
        ("SQRT(BIGNUMERIC '2')", "1.41421356237309504880168872420969807857"),
        ("POW(BIGNUMERIC '2', 100)", str(2**100)),
        ("POW(BIGNUMERIC '2', -2)", "0.25"),
        ("EXP(BIGNUMERIC '1')", "2.71828182845904523536028747135266249776"),
        ("LN(BIGNUMERIC '2')", "0.69314718055994530941723212145817656808"),
        ("LOG(BIGNUMERIC '8', 2)", "3"),
        ("LOG10(BIGNUMERIC '1000')", "3"),
        ("ROUND(BIGNUMERIC '2.5', 0, 'ROUND_HALF_EVEN')", "2"),
        ("IF(FALSE, BIGNUMERIC '1', 2)", "2"),
        ("COALESCE(NULL, 1, BIGNUMERIC '2')", "1"),
        ("(SELECT x FROM (SELECT BIGNUMERIC '1' AS x UNION ALL SELECT 2) ORDER BY x DESC LIMIT 1)", "2"),
        ("(SELECT PERCENTILE_CONT(x, 0.5) OVER () FROM UNNEST([BIGNUMERIC '1', 2]) AS x LIMIT 1)", "1.5"),
        ("[BIGNUMERIC '1', 2][OFFSET(1)]", "2"),
        ("STRUCT<a BIGNUMERIC>(3).a", "3"),
        ("(SELECT SUM(x) FROM UNNEST(GENERATE_ARRAY(BIGNUMERIC '1', 2, 0.5)) AS x)", "4.5"),
        ("CAST(NULL AS BIGNUMERIC)", None),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: str | None) -> None:
    assert warehouse.run(f"SELECT {expression} AS x") == (["x BIGNUMERIC"], [[expected]])


@pytest.mark.parametrize(
    ("expression", "column", "expected"),
    [
        ("CAST(BIGNUMERIC '1.5' AS INT64)", "INT64", "2"),
        ("CAST(BIGNUMERIC '-0.5' AS INT64)", "INT64", "-1"),
        ("CAST(BIGNUMERIC '0.1' AS FLOAT64)", "FLOAT64", "0.1"),
        ("BIGNUMERIC '0.1' + CAST(1 AS FLOAT64)", "FLOAT64", "1.1"),
        ("CAST(BIGNUMERIC '0.1234567895' AS NUMERIC)", "NUMERIC", "0.12345679"),
        ("CAST(BIGNUMERIC '1.50' AS STRING)", "STRING", "1.5"),
        ("SAFE_CAST(BIGNUMERIC '1e30' AS INT64)", "INT64", None),
        ("SAFE_CAST(BIGNUMERIC '1e30' AS NUMERIC)", "NUMERIC", None),
        ("BIGNUMERIC '1' = 1", "BOOL", "true"),
        ("BIGNUMERIC '0.5' < 0.7", "BOOL", "true"),
        ("BIGNUMERIC '1' IN (SELECT id FROM t)", "BOOL", "true"),
        ("1 IN (SELECT BIGNUMERIC '1')", "BOOL", "true"),
        ("BIGNUMERIC '2.5' IN UNNEST([2.5])", "BOOL", "true"),
        ("STRUCT(1 AS a) = STRUCT(BIGNUMERIC '1' AS a)", "BOOL", "true"),
        ("COS(BIGNUMERIC '0')", "FLOAT64", "1.0"),
        ("IEEE_DIVIDE(BIGNUMERIC '1', 2)", "FLOAT64", "0.5"),
        ("(SELECT STDDEV(x) FROM UNNEST([BIGNUMERIC '1', 3]) AS x)", "FLOAT64", "1.4142135623730951"),
        ("RANGE_BUCKET(BIGNUMERIC '2', [1, 2, 3])", "INT64", "2"),
        ("TYPEOF(BIGNUMERIC '1')", "STRING", "BIGNUMERIC"),
        ("FORMAT('%t %T', BIGNUMERIC '1.5', BIGNUMERIC '2')", "STRING", '1.5 BIGNUMERIC "2"'),
        (f"FORMAT('%.3f', BIGNUMERIC '{GREATEST}')", "STRING", "578960446186580977117854925043439539266.350"),
        ("TO_JSON_STRING(STRUCT(BIGNUMERIC '9007199254740993' AS a, [BIGNUMERIC '7'] AS b))", "STRING",
         '{"a":"9007199254740993","b":[7]}'),
        ("TO_JSON(BIGNUMERIC '0.1')", "JSON", "0.1"),
        ("(SELECT COUNT(*) FROM t JOIN (SELECT BIGNUMERIC '1' AS x) AS o ON t.id = o.x)", "INT64", "1"),
    ],
)  # fmt: skip
def test_other_types(warehouse: SmallWarehouse, expression: str, column: str, expected: str | None) -> None:
    assert warehouse.run(f"SELECT {expression} AS x") == ([f"x {column}"], [[expected]])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("BIGNUMERIC 'x'", "Invalid BIGNUMERIC value: x"),
        ("BIGNUMERIC '1e39'", "Invalid BIGNUMERIC value: 1e39"),
        ("CAST(1e39 AS BIGNUMERIC)", r"BIGNUMERIC out of range: 1e\+39"),
        ("CAST(CAST('nan' AS FLOAT64) AS BIGNUMERIC)", "Illegal conversion of non-finite floating point number"),
        (f"BIGNUMERIC '{GREATEST}' + 1", rf"BIGNUMERIC overflow: {GREATEST} \+ 1"),
        (f"-BIGNUMERIC '{LEAST}'", rf"BIGNUMERIC overflow: -\({LEAST}\)"),
        ("(SELECT SUM(x) FROM UNNEST([BIGNUMERIC '5e38', BIGNUMERIC '5e38']) AS x)", "BIGNUMERIC overflow: SUM"),
        ("POW(BIGNUMERIC '10', 39)", "BIGNUMERIC overflow: POW"),
        ("BIGNUMERIC '1' / 0", "division by zero: 1 / 0"),
        ("CAST(BIGNUMERIC '1e30' AS INT64)", "int64 out of range: 1" + "0" * 30),
        ("CAST(BIGNUMERIC '1e30' AS NUMERIC)", "numeric out of range: 1" + "0" * 30),
        ("CAST(1000 AS BIGNUMERIC(3, 1))", r"BIGNUMERIC\(3, 1\) has no room for 1000"),
        ("CAST(1 AS BIGNUMERIC(50, 40))", r"In BIGNUMERIC\(P, S\), S must be between 0 and 38"),
        ("CAST(1 AS NUMERIC(38, 18))", r"In NUMERIC\(P, S\), S must be between 0 and 9"),
        ("(SELECT COUNT(*) FROM t JOIN (SELECT BIGNUMERIC '1' AS id) AS o USING (id))", r"USING\(id\) of BIGNUMERIC"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")


def test_parameters(warehouse: SmallWarehouse) -> None:
    given: list[dict[str, Any]] = [{"parameterType": {"type": "BIGNUMERIC"}, "parameterValue": {"value": GREATEST}}]
    assert warehouse.run("SELECT ? AS x", given) == (["x BIGNUMERIC"], [[GREATEST]])
    array = {"type": "ARRAY", "arrayType": {"type": "BIGNUMERIC"}}
    values = {"arrayValues": [{"value": "0.5"}, {"value": "1.25"}]}
    given = [{"parameterType": array, "parameterValue": values}]
    assert warehouse.run("SELECT (SELECT SUM(x) FROM UNNEST(?) AS x) AS x", given) == (["x BIGNUMERIC"], [["1.75"]])


def test_tables_of_a_former_version_are_upgraded(warehouse: SmallWarehouse) -> None:
    """They held DECIMAL(38,18)."""
    place = engine.stored("old")
    fields: list[dict[str, Any]] = [
        {"name": "x", "type": "BIGNUMERIC", "mode": "REQUIRED"},
        {"name": "l", "type": "BIGNUMERIC", "mode": "REPEATED"},
        {"name": "p", "type": "BIGNUMERIC", "precision": "5", "scale": "2"},
        {"name": "n", "type": "NUMERIC"},
        {"name": "r", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "a", "type": "BIGNUMERIC"}]},
    ]
    old = "DECIMAL(38,18)"
    columns = f"x {old} NOT NULL, l {old}[] DEFAULT [], p DECIMAL(5,2), n DECIMAL(38,9), r STRUCT(a {old})[]"
    warehouse.connection.execute(f"CREATE TABLE {place} ({columns})")
    warehouse.connection.execute(f"INSERT INTO {place} VALUES (1.5, [2.25, -1], 1.25, 3.5, [{{a: 0.125}}])")
    for _ in range(2):
        storage.upgrade(warehouse.connection, {"old": fields})
        count, rows = storage.encoded_page(warehouse.connection, place, fields, 0, 10, "INT64")
        assert count == 1
        values = [cell["v"] for cell in rows[0]["f"]]
        record = {"f": [{"v": "0.125"}]}
        assert values == ["1.5", [{"v": "2.25"}, {"v": "-1"}], "1.25", "3.5", [{"v": record}]]
    storage.append(warehouse.connection, place, fields[:1], [{"x": str(10**38)}])
    assert storage.count(warehouse.connection, place) == 2
