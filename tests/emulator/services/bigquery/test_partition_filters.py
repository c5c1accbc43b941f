"""Tables that require a filter on their partitions.

https://cloud.google.com/bigquery/docs/querying-partitioned-tables#require_a_partition_filter_in_queries
"""

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


@pytest.fixture
def days(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    """The dataset of a table `t` that requires a filter on `d`, and of a view `v` of it."""
    name = str(dataset.dataset_id)
    bigquery_client.query_and_wait(
        f"CREATE TABLE {name}.t PARTITION BY d OPTIONS (require_partition_filter=true) AS "
        "SELECT DATE '2020-01-01' AS d, 1 AS n UNION ALL SELECT DATE '2020-01-02', 2; "
        f"CREATE VIEW {name}.v AS SELECT d, n FROM {name}.t"
    )
    return name


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT SUM(n) FROM {d}.t WHERE d = '2020-01-02'", 2),
        ("SELECT SUM(n) FROM {d}.t WHERE n > 0 AND d >= '2020-01-01'", 3),
        ("SELECT SUM(n) FROM {d}.t WHERE d = '2020-01-01' OR d = '2020-01-02'", 3),
        ("SELECT SUM(n) FROM {d}.v WHERE d IN ('2020-01-01')", 1),
        ("SELECT SUM(n) FROM (SELECT * FROM {d}.t) WHERE d BETWEEN '2020-01-01' AND '2020-01-02'", 3),
        ("DECLARE day DATE DEFAULT '2020-01-02'; SELECT SUM(n) FROM {d}.t WHERE d = day", 2),
        ("UPDATE {d}.t SET n = 5 WHERE d = '2020-01-01'; SELECT SUM(n) FROM {d}.t WHERE d IS NOT NULL", 7),
    ],
)
def test_queries_with_a_filter_are_answered(
    bigquery_client: bigquery.Client, days: str, sql: str, expected: int
) -> None:
    assert [row[0] for row in bigquery_client.query_and_wait(sql.replace("{d}", days))] == [expected]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM {d}.t",
        "SELECT COUNT(*) FROM {d}.t WHERE n = 1",
        "SELECT COUNT(*) FROM {d}.t WHERE d = '2020-01-01' OR n = 1",
        "SELECT COUNT(*) FROM {d}.v",
        "DELETE FROM {d}.t WHERE TRUE",
        "UPDATE {d}.t SET n = 1 WHERE n = 2",
    ],
)
def test_queries_without_a_filter_are_refused(bigquery_client: bigquery.Client, days: str, sql: str) -> None:
    message = r"Cannot query over table '.*\.t' without a filter over column\(s\) 'd' that can be used for partition"
    with pytest.raises(exceptions.BadRequest, match=message):
        bigquery_client.query_and_wait(sql.replace("{d}", days))
