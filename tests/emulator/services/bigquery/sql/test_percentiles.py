"""PERCENTILE_CONT and PERCENTILE_DISC, with and without NULLs.

https://cloud.google.com/bigquery/docs/reference/standard-sql/navigation_functions#percentile_cont and
#percentile_disc: the values of the reference's own examples.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("nulls", "expected"),
    [
        ("", ["0.0", "0.03", "1.5", "2.7", "3.0"]),
        (" IGNORE NULLS", ["0.0", "0.03", "1.5", "2.7", "3.0"]),
        (" RESPECT NULLS", [None, "0.0", "1.0", "2.6", "3.0"]),
    ],
)
def test_between_values(warehouse: SmallWarehouse, nulls: str, expected: list[str | None]) -> None:
    parts = ", ".join(f"PERCENTILE_CONT(x, {part}{nulls}) OVER ()" for part in ("0", "0.01", "0.5", "0.9", "1"))
    assert warehouse.run(f"SELECT {parts} FROM UNNEST([0, 3, NULL, 1, 2]) AS x LIMIT 1")[1] == [expected]


@pytest.mark.parametrize(
    ("nulls", "expected"),
    [("", ["a", "b", "c"]), (" IGNORE NULLS", ["a", "b", "c"]), (" RESPECT NULLS", [None, "a", "c"])],
)
def test_among_values(warehouse: SmallWarehouse, nulls: str, expected: list[str | None]) -> None:
    parts = ", ".join(f"PERCENTILE_DISC(x, {part}{nulls}) OVER ()" for part in ("0", "0.5", "1"))
    assert warehouse.run(f"SELECT {parts} FROM UNNEST(['c', NULL, 'b', 'a']) AS x LIMIT 1")[1] == [expected]


@pytest.mark.parametrize(
    ("values", "part", "column", "expected"),
    [
        ("[NUMERIC '1.5', NULL, 2]", "0.5 RESPECT NULLS", "NUMERIC", "1.5"),
        ("[BIGNUMERIC '1', 2, 4]", "0.25", "BIGNUMERIC", "1.5"),
        ("[BIGNUMERIC '1', 2, NULL]", "0.25 RESPECT NULLS", "BIGNUMERIC", "1"),
        ("[CAST(NULL AS BIGNUMERIC)]", "0.25", "BIGNUMERIC", None),
    ],
)
def test_types_stay(warehouse: SmallWarehouse, values: str, part: str, column: str, expected: Any) -> None:
    sql = f"SELECT PERCENTILE_CONT(x, {part}) OVER () AS x FROM UNNEST({values}) AS x LIMIT 1"
    assert warehouse.run(sql) == ([f"x {column}"], [[expected]])


def test_partitions(warehouse: SmallWarehouse) -> None:
    sql = "SELECT x, PERCENTILE_DISC(x, 1 RESPECT NULLS) OVER (PARTITION BY x > 2) FROM UNNEST([1, 2, 3, 4]) AS x"
    assert warehouse.run(f"{sql} ORDER BY x")[1] == [["1", "2"], ["2", "2"], ["3", "4"], ["4", "4"]]


@pytest.mark.parametrize("value", ["x", "CAST(x AS BIGNUMERIC)"])
def test_what_is_no_part_is_refused(warehouse: SmallWarehouse, value: str) -> None:
    with pytest.raises(SqlError, match="The percentile must be between 0 and 1"):
        warehouse.run(f"SELECT PERCENTILE_CONT({value}, 2 RESPECT NULLS) OVER () FROM UNNEST([1, 2]) AS x")
