"""INFORMATION_SCHEMA's views of routines, options, keys, materialized views and grants; primary and foreign keys.

https://cloud.google.com/bigquery/docs/information-schema-intro and .../primary-foreign-keys
"""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql)]


@pytest.fixture
def full(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    """A dataset with two tables that have keys, a function, a procedure and a materialized view."""
    name = str(dataset.dataset_id)
    rows(
        bigquery_client,
        f"CREATE TABLE {name}.shops (id INT64, name STRING, PRIMARY KEY (id) NOT ENFORCED) "
        "OPTIONS (description = 'all \"shops\"', labels = [('k', 'v')]); "
        f"CREATE TABLE {name}.sales (num INT64 PRIMARY KEY NOT ENFORCED, shop INT64, "
        f"CONSTRAINT sold FOREIGN KEY (shop) REFERENCES {name}.shops (id) NOT ENFORCED); "
        f"CREATE FUNCTION {name}.twice(x INT64) RETURNS INT64 AS (x * 2); "
        f"CREATE PROCEDURE {name}.set(OUT y STRING) BEGIN SET y = 'a'; END; "
        f"CREATE MATERIALIZED VIEW {name}.m AS SELECT shop, COUNT(*) AS c FROM {name}.sales GROUP BY shop",
    )
    return name


def test_keys_are_listed(bigquery_client: bigquery.Client, full: str) -> None:
    schema = f"{full}.INFORMATION_SCHEMA"
    sql = f"SELECT table_name, constraint_name, constraint_type, enforced FROM {schema}.TABLE_CONSTRAINTS ORDER BY 1, 2"
    assert rows(bigquery_client, sql) == [
        ("sales", "sales.pk$", "PRIMARY KEY", "NO"),
        ("sales", "sales.sold", "FOREIGN KEY", "NO"),
        ("shops", "shops.pk$", "PRIMARY KEY", "NO"),
    ]
    sql = f"SELECT constraint_name, column_name, ordinal_position FROM {schema}.KEY_COLUMN_USAGE ORDER BY 1"
    assert rows(bigquery_client, sql) == [("sales.pk$", "num", 1), ("sales.sold", "shop", 1), ("shops.pk$", "id", 1)]
    sql = f"SELECT table_name, column_name FROM {schema}.CONSTRAINT_COLUMN_USAGE WHERE constraint_name = 'sales.sold'"
    assert rows(bigquery_client, sql) == [("shops", "id")]


def test_keys_are_part_of_the_table(bigquery_client: bigquery.Client, full: str) -> None:
    keys = bigquery_client.get_table(f"{full}.sales").to_api_repr()["tableConstraints"]
    assert keys["primaryKey"] == {"columns": ["num"]}
    assert keys["foreignKeys"][0]["name"] == "sold"
    assert keys["foreignKeys"][0]["columnReferences"] == [{"referencingColumn": "shop", "referencedColumn": "id"}]
    rows(bigquery_client, f"ALTER TABLE {full}.sales DROP CONSTRAINT sold")
    rows(bigquery_client, f"ALTER TABLE {full}.sales DROP PRIMARY KEY")
    assert bigquery_client.get_table(f"{full}.sales").table_constraints is None
    rows(bigquery_client, f"ALTER TABLE {full}.sales ADD PRIMARY KEY (num, shop) NOT ENFORCED")
    keys = bigquery_client.get_table(f"{full}.sales").to_api_repr()["tableConstraints"]
    assert keys == {"primaryKey": {"columns": ["num", "shop"]}}
    rows(bigquery_client, f"INSERT INTO {full}.sales VALUES (1, 1), (1, 1)")  # not enforced


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("ALTER TABLE {d}.sales ADD PRIMARY KEY (shop) NOT ENFORCED", "Already Exists"),
        ("ALTER TABLE {d}.sales DROP CONSTRAINT other", "has no constraint other"),
        ("CREATE TABLE {d}.x (a INT64, PRIMARY KEY (b) NOT ENFORCED)", "the column b, which is not in the schema"),
        ("CREATE TABLE {d}.x (a INT64, PRIMARY KEY (a))", "must be NOT ENFORCED"),
    ],
)
def test_keys_that_cannot_be(bigquery_client: bigquery.Client, full: str, sql: str, message: str) -> None:
    with pytest.raises(exceptions.BadRequest, match=message):
        rows(bigquery_client, sql.replace("{d}", full))


def test_routines_and_parameters(bigquery_client: bigquery.Client, full: str) -> None:
    schema = f"{full}.INFORMATION_SCHEMA"
    sql = f"SELECT routine_name, routine_type, data_type, routine_body FROM {schema}.ROUTINES ORDER BY 1"
    assert rows(bigquery_client, sql) == [("set", "PROCEDURE", None, "SQL"), ("twice", "FUNCTION", "INT64", "SQL")]
    sql = f"SELECT specific_name, ordinal_position, parameter_name, data_type, parameter_mode FROM {schema}.PARAMETERS"
    assert rows(bigquery_client, f"{sql} ORDER BY 1, 2") == [
        ("set", 1, "y", "STRING", "OUT"),
        ("twice", 0, None, "INT64", None),
        ("twice", 1, "x", "INT64", None),
    ]


def test_options(bigquery_client: bigquery.Client, full: str) -> None:
    sql = f"SELECT option_name, option_type, option_value FROM {full}.INFORMATION_SCHEMA.TABLE_OPTIONS ORDER BY 1"
    assert rows(bigquery_client, sql) == [
        ("description", "STRING", '"all \\"shops\\""'),
        ("labels", "ARRAY<STRUCT<STRING, STRING>>", '[STRUCT("k", "v")]'),
    ]
    sql = f"SELECT option_value FROM INFORMATION_SCHEMA.SCHEMATA_OPTIONS WHERE schema_name = '{full}'"
    assert ('"US"',) in rows(bigquery_client, f"{sql} AND option_name = 'location'")


def test_snapshots(bigquery_client: bigquery.Client, full: str) -> None:
    rows(bigquery_client, f"CREATE SNAPSHOT TABLE {full}.kept CLONE {full}.shops")
    sql = (
        "SELECT table_name, base_table_schema, base_table_name, snapshot_time <= CURRENT_TIMESTAMP() "
        f"FROM {full}.INFORMATION_SCHEMA.TABLE_SNAPSHOTS"
    )
    assert rows(bigquery_client, sql) == [("kept", full.rpartition(".")[2].strip("`"), "shops", True)]
    with pytest.raises(exceptions.BadRequest, match="kept is a snapshot: its rows cannot be changed"):
        rows(bigquery_client, f"DELETE FROM {full}.kept WHERE TRUE")


def test_materialized_views(bigquery_client: bigquery.Client, full: str) -> None:
    sql = (
        f"SELECT table_name, last_refresh_time <= CURRENT_TIMESTAMP() FROM {full}.INFORMATION_SCHEMA.MATERIALIZED_VIEWS"
    )
    assert rows(bigquery_client, sql) == [("m", True)]


def test_privileges(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, full: str, unique: Callable[[str], str]
) -> None:
    member = make_account(emulator, unique("reader")).member
    table = bigquery_client.get_table(f"{full}.sales")
    policy = bigquery_client.get_iam_policy(table)
    policy.bindings = [{"role": "roles/bigquery.dataViewer", "members": {member}}]
    bigquery_client.set_iam_policy(table, policy)
    sql = f"""SELECT object_type, privilege_type, grantee FROM `region-us`.INFORMATION_SCHEMA.OBJECT_PRIVILEGES
        WHERE object_schema = '{full}' AND object_name = 'sales'"""
    assert rows(bigquery_client, sql) == [("TABLE", "roles/bigquery.dataViewer", member)]
