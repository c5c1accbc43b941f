"""Materialized views.

https://cloud.google.com/bigquery/docs/materialized-views-create
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql)]


@pytest.fixture
def sales(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    """The dataset of a table `sales` and a materialized view `totals` of it."""
    name = str(dataset.dataset_id)
    rows(
        bigquery_client,
        f"CREATE TABLE {name}.sales AS SELECT 'a' AS shop, 1 AS n UNION ALL SELECT 'a', 2 UNION ALL SELECT 'b', 5; "
        f"CREATE MATERIALIZED VIEW {name}.totals OPTIONS (enable_refresh = true, refresh_interval_minutes = 60) AS "
        f"SELECT shop, SUM(n) AS total FROM {name}.sales GROUP BY shop",
    )
    return name


def test_results_are_fresh(bigquery_client: bigquery.Client, sales: str) -> None:
    sql = f"SELECT * FROM {sales}.totals ORDER BY shop"
    assert rows(bigquery_client, sql) == [("a", 3), ("b", 5)]
    rows(bigquery_client, f"INSERT INTO {sales}.sales VALUES ('b', 1)")
    assert rows(bigquery_client, sql) == [("a", 3), ("b", 6)]


def test_it_is_shown_as_what_it_is(bigquery_client: bigquery.Client, sales: str) -> None:
    table = bigquery_client.get_table(f"{sales}.totals")
    assert (table.table_type, table.mview_enable_refresh) == ("MATERIALIZED_VIEW", True)
    assert table.mview_refresh_interval.total_seconds() == 3600
    assert [field.name for field in table.schema] == ["shop", "total"]
    sql = f"SELECT table_type FROM {sales}.INFORMATION_SCHEMA.TABLES WHERE table_name = 'totals'"
    assert rows(bigquery_client, sql) == [("MATERIALIZED VIEW",)]


def test_refresh_and_settings(bigquery_client: bigquery.Client, sales: str) -> None:
    before = bigquery_client.get_table(f"{sales}.totals")
    rows(bigquery_client, f"CALL BQ.REFRESH_MATERIALIZED_VIEW('{before.project}.{sales}.totals')")
    assert bigquery_client.get_table(f"{sales}.totals").mview_last_refresh_time >= before.mview_last_refresh_time
    rows(bigquery_client, f"ALTER MATERIALIZED VIEW {sales}.totals SET OPTIONS (enable_refresh = false)")
    assert bigquery_client.get_table(f"{sales}.totals").mview_enable_refresh is False
    with pytest.raises(exceptions.BadRequest, match="is no materialized view"):
        rows(bigquery_client, f"CALL BQ.REFRESH_MATERIALIZED_VIEW('{sales}.sales')")


def test_made_and_deleted_by_rest(bigquery_client: bigquery.Client, sales: str) -> None:
    table = bigquery.Table(f"{bigquery_client.project}.{sales}.counts")
    table.mview_query = f"SELECT shop, COUNT(*) AS c FROM {sales}.sales GROUP BY shop"
    bigquery_client.create_table(table)
    assert rows(bigquery_client, f"SELECT c FROM {sales}.counts WHERE shop = 'a'") == [(2,)]
    bigquery_client.delete_table(f"{sales}.counts")
    with pytest.raises(exceptions.BadRequest, match="DROP_VIEW cannot drop it"):
        rows(bigquery_client, f"DROP VIEW {sales}.totals")
    rows(bigquery_client, f"DROP MATERIALIZED VIEW {sales}.totals")


def test_its_rows_cannot_be_changed(bigquery_client: bigquery.Client, sales: str) -> None:
    with pytest.raises(exceptions.BadRequest, match="is a materialized view: its rows cannot be changed"):
        rows(bigquery_client, f"DELETE {sales}.totals WHERE TRUE")
    with pytest.raises(exceptions.BadRequest, match="Cannot add rows to a table of type MATERIALIZED_VIEW"):
        bigquery_client.insert_rows_json(f"{sales}.totals", [{"shop": "a"}])


def test_a_base_table_that_is_gone_is_told(bigquery_client: bigquery.Client, sales: str) -> None:
    rows(bigquery_client, f"DROP TABLE {sales}.sales")
    with pytest.raises(exceptions.NotFound, match="sales"):
        rows(bigquery_client, f"SELECT * FROM {sales}.totals")


@pytest.mark.parametrize(
    ("query", "feature"),
    [
        ("SELECT shop FROM {d}.sales ORDER BY shop", "ORDER BY"),
        ("SELECT shop FROM {d}.sales LIMIT 1", "LIMIT"),
        ("SELECT CURRENT_TIMESTAMP() AS t FROM {d}.sales", "CURRENT_TIMESTAMP"),
        ("SELECT shop, SUM(n) OVER () AS s FROM {d}.sales", "analytic functions"),
        ("SELECT a.shop FROM {d}.sales a LEFT JOIN {d}.sales b USING (shop)", "LEFT OUTER JOIN"),
        ("SELECT shop FROM {d}.sales UNION ALL SELECT shop FROM {d}.sales", "UNION"),
    ],
)
def test_what_a_query_may_not_hold(bigquery_client: bigquery.Client, sales: str, query: str, feature: str) -> None:
    sql = f"CREATE MATERIALIZED VIEW {sales}.m AS {query.replace('{d}', sales)}"
    with pytest.raises(exceptions.BadRequest, match=f"unsupported feature: .*{feature}"):
        rows(bigquery_client, sql)
