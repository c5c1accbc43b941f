"""PIVOT: names and types of its columns.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#pivot_operator
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

PRODUCE = """(SELECT 'Kale' AS product, 51 AS sales, 'Q1' AS quarter UNION ALL SELECT 'Kale', 23, 'Q2' UNION ALL
    SELECT 'Apple', 77, 'Q1')"""


@pytest.mark.parametrize(
    ("pivot", "names", "rows"),
    [
        (
            "PIVOT(SUM(sales) FOR quarter IN ('Q1', 'Q2'))",
            ["product STRING", "Q1 INT64", "Q2 INT64"],
            [["Apple", "77", None], ["Kale", "51", "23"]],
        ),
        (
            "PIVOT(SUM(sales) AS total, COUNT(*) AS number FOR quarter IN ('Q1' AS first, 'Q2'))",
            ["product STRING", "total_first INT64", "number_first INT64", "total_Q2 INT64", "number_Q2 INT64"],
            [["Apple", "77", "1", None, "0"], ["Kale", "51", "1", "23", "1"]],
        ),
        (
            "PIVOT(MAX(quarter) FOR sales IN (51, -1, 23 AS few)) AS p",
            ["product STRING", "_51 STRING", "minus_1 STRING", "few STRING"],
            [["Apple", None, None, None], ["Kale", "Q1", None, "Q2"]],
        ),
    ],
)
def test_columns(warehouse: SmallWarehouse, pivot: str, names: list[str], rows: list[list[Any]]) -> None:
    assert warehouse.run(f"SELECT * FROM {PRODUCE} {pivot} ORDER BY product") == (names, rows)


def test_columns_can_be_named(warehouse: SmallWarehouse) -> None:
    sql = f"SELECT p.s_Q1 + 1 FROM {PRODUCE} PIVOT(SUM(sales) AS s FOR quarter IN ('Q1', 'Q2')) AS p WHERE s_Q2 = 23"
    assert warehouse.run(sql)[1] == [["52"]]
    with pytest.raises(SqlError, match="operator = for argument types: INT64, STRING"):
        warehouse.run(f"SELECT 1 FROM {PRODUCE} PIVOT(SUM(sales) FOR quarter IN ('Q1')) WHERE Q1 = 'x'")
