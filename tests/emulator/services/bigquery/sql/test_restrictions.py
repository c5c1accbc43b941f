"""What cannot be ordered, grouped or partitioned.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_properties
"""

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT id FROM t ORDER BY j", "ORDER BY does not support expressions of type JSON"),
        ("SELECT id FROM t ORDER BY tags", "ORDER BY does not support expressions of type ARRAY<STRING>"),
        ("SELECT ARRAY_AGG(id ORDER BY one) FROM t", "ORDER BY does not support expressions of type STRUCT"),
        ("SELECT COUNT(*) FROM t GROUP BY j", "Grouping by expressions of type JSON is not allowed"),
        ("SELECT DISTINCT j FROM t", "Column j of type JSON cannot be used in SELECT DISTINCT"),
        ("SELECT j FROM t UNION DISTINCT SELECT j FROM t", "Column j of type JSON cannot be used in UNION DISTINCT"),
        ("SELECT COUNT(DISTINCT j) FROM t", "with DISTINCT cannot be used with arguments of type JSON"),
        ("SELECT COUNT(*) OVER (PARTITION BY f) FROM t", "Partitioning by expressions of type FLOAT64 is not allowed"),
        ("SELECT MAX(tags) FROM t", "MAX is not defined for arguments of type ARRAY<STRING>"),
    ],
)
def test_refused(warehouse: SmallWarehouse, sql: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM t GROUP BY f, one, tags",
        "SELECT DISTINCT tags, one, f FROM t",
        "SELECT COUNT(*) OVER (PARTITION BY id ORDER BY f) FROM t",
        "SELECT id FROM t UNION ALL SELECT id FROM t WHERE FALSE",
    ],
)
def test_allowed(warehouse: SmallWarehouse, sql: str) -> None:
    assert len(warehouse.run(sql)[1]) == 3
