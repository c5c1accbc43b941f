"""UNPIVOT: the examples of GoogleSQL's reference, and the order of its columns.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#unpivot_operator
"""

import pytest

from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

PRODUCE = "(SELECT 'Kale' AS product, 51 AS Q1, 23 AS Q2, 45 AS Q3, 3 AS Q4)"


@pytest.mark.parametrize(
    ("unpivot", "names", "rows"),
    [
        (
            "UNPIVOT(sales FOR quarter IN (Q1, Q2, Q3, Q4))",
            ["product", "sales", "quarter"],
            [["Kale", "51", "Q1"], ["Kale", "23", "Q2"], ["Kale", "45", "Q3"], ["Kale", "3", "Q4"]],
        ),
        (
            "UNPIVOT((first, second) FOR semesters IN ((Q1, Q2) AS 'semester_1', (Q3, Q4) AS 'semester_2'))",
            ["product", "first", "second", "semesters"],
            [["Kale", "51", "23", "semester_1"], ["Kale", "45", "3", "semester_2"]],
        ),
        ("UNPIVOT(n FOR q IN (Q1 AS 'one')) AS p", ["product", "Q2", "Q3", "Q4", "n", "q"],
         [["Kale", "23", "45", "3", "51", "one"]]),
    ],
    ids=["one value", "several values", "the rest"],
)  # fmt: skip
def test_columns(warehouse: SmallWarehouse, unpivot: str, names: list[str], rows: list[list[str]]) -> None:
    found, values = warehouse.run(f"SELECT * FROM {PRODUCE} {unpivot}")
    assert [column.split()[0] for column in found] == names
    assert values == rows


def test_nulls_are_left_out_unless_they_are_asked_for(warehouse: SmallWarehouse) -> None:
    source = "(SELECT 1 AS k, 2 AS a, CAST(NULL AS INT64) AS b)"
    assert warehouse.run(f"SELECT * FROM {source} UNPIVOT(v FOR n IN (a, b))")[1] == [["1", "2", "a"]]
    kept = warehouse.run(f"SELECT p.v, p.n FROM {source} UNPIVOT INCLUDE NULLS (v FOR n IN (a, b)) AS p")[1]
    assert kept == [["2", "a"], [None, "b"]]


def test_what_is_unpivoted_can_be_joined(warehouse: SmallWarehouse) -> None:
    sql = (
        "WITH t AS (SELECT 1 AS k, 2 AS a, 3 AS b) SELECT u.v, y.z FROM t UNPIVOT(v FOR n IN (a, b)) AS u "
        "JOIN (SELECT 1 AS k, 9 AS z) AS y USING (k) WHERE u.n = 'b'"
    )
    assert warehouse.run(sql)[1] == [["3", "9"]]
