"""Types in statements that change rows: STRUCTs are taken by position, and what does not fit is refused.

https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax and conversion_rules.
"""

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "INSERT d.t_1 (id, name, one) VALUES (99, 'x', STRUCT('a' AS p, STRUCT(4 AS q) AS r))",
            ["a", "4", None, None, None],
        ),
        ("INSERT d.t_1 (id, one) SELECT 99, STRUCT('b' AS p, STRUCT(5 AS q))", ["b", "5", None, None, None]),
        (
            ("MERGE d.t_1 T USING (SELECT 99 AS i, STRUCT('m' AS p, STRUCT(7 AS q) AS r) AS s) S ON T.id = S.i "
            "WHEN NOT MATCHED THEN INSERT (id, one) VALUES (i, s)"),
            ["m", "7", None, None, None],
        ),
        ("INSERT d.t_1 (id, n, f, d) VALUES (99, 1.5, 2, '2020-01-01')", [None, None, "1.5", "2.0", "2020-01-01"]),
    ],
)  # fmt: skip
def test_values_become_the_type_of_their_column(
    warehouse: SmallWarehouse, statement: str, expected: list[str | None]
) -> None:
    warehouse.run("DELETE d.t_1 WHERE id = 99")
    warehouse.run(statement)
    assert warehouse.run("SELECT one.x, one.y.w, n, f, d FROM d.t_1 WHERE id = 99")[1] == [expected]


def test_update_takes_a_struct_by_position(warehouse: SmallWarehouse) -> None:
    warehouse.run("UPDATE d.t_1 SET one = STRUCT('c' AS p, STRUCT(6 AS q)), n = 2 WHERE id = 3")
    assert warehouse.run("SELECT one.x, one.y.w, n FROM d.t_1 WHERE id = 3")[1] == [["c", "6", "2"]]


def test_update_sets_numbers(warehouse: SmallWarehouse) -> None:
    warehouse.run("UPDATE d.t_1 SET f = s.f + 1, id = s.id, n = s.n FROM d.t AS s WHERE s.id = 1 AND t_1.id = 1")
    assert warehouse.run("SELECT id, f, n FROM d.t_1 WHERE f = 3.5")[1] == [["1", "3.5", "1.5"]]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "INSERT d.t_1 (id, name) VALUES ('x', 'y')",
            "Value has type STRING which cannot be inserted into column id, which has type INT64",
        ),
        (
            "INSERT d.t_1 (id, name) SELECT id, id FROM t",
            "Query column 2 has type INT64 which cannot be inserted into column name, which has type STRING",
        ),
        ("INSERT d.t_1 (id, j) VALUES (1, '{}')", "column j, which has type JSON"),
        ("UPDATE d.t_1 SET id = 5.5 WHERE id = 2", "type FLOAT64 cannot be assigned to id, which has type INT64"),
        ("UPDATE d.t_1 SET n = f WHERE id = 2", "type FLOAT64 cannot be assigned to n, which has type NUMERIC"),
        ("UPDATE d.t_1 SET name = 'z' WHERE id = '22'", "operator = for argument types: INT64, STRING"),
        (
            "MERGE d.t_1 T USING (SELECT 'x' AS s) S ON T.id = 1 WHEN MATCHED THEN UPDATE SET id = s",
            "Value of type STRING cannot be assigned to id",
        ),
        ("DELETE d.t_1 WHERE id", "WHERE clause should return type BOOL, but returns INT64"),
        ("DELETE d.t_1 WHERE d.t_1.name = 5", "operator = for argument types: STRING, INT64"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(warehouse: SmallWarehouse, statement: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(statement)
