"""Tables and views, driven by google-cloud-bigquery."""

import datetime as dt

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.emulator import RunningEmulator

SCHEMA = [
    bigquery.SchemaField("id", "INTEGER", mode="REQUIRED", description="the key"),
    bigquery.SchemaField("day", "DATE"),
    bigquery.SchemaField("tags", "STRING", mode="REPEATED"),
    bigquery.SchemaField(
        "who", "RECORD", fields=[bigquery.SchemaField("name", "STRING"), bigquery.SchemaField("age", "INTEGER")]
    ),
]


def make(client: bigquery.Client, dataset: bigquery.Dataset, name: str = "t") -> bigquery.Table:
    return client.create_table(bigquery.Table(dataset.table(name), SCHEMA))


def test_a_table_comes_back_as_it_was_made(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    wanted = bigquery.Table(dataset.table("t"), SCHEMA)
    wanted.description = "studies"
    wanted.labels = {"a": "b"}
    wanted.time_partitioning = bigquery.TimePartitioning("DAY", "day")
    wanted.clustering_fields = ["id"]
    wanted.require_partition_filter = True
    bigquery_client.create_table(wanted)
    found = bigquery_client.get_table(wanted.reference)
    assert found.schema == SCHEMA
    assert found.description == "studies"
    assert found.labels == {"a": "b"}
    assert found.time_partitioning.field == "day"
    assert found.clustering_fields == ["id"]
    assert found.require_partition_filter is True
    assert found.num_rows == 0
    assert found.table_type == "TABLE"
    assert found.location == "US"


def test_errors_name_the_table(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    make(bigquery_client, dataset)
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        make(bigquery_client, dataset)
    with pytest.raises(exceptions.NotFound, match=r"Not found: Table .*\.missing"):
        bigquery_client.get_table(dataset.table("missing"))
    with pytest.raises(exceptions.NotFound):
        bigquery_client.delete_table(dataset.table("missing"))
    with pytest.raises(exceptions.NotFound, match="Not found: Dataset"):
        bigquery_client.get_table("nowhere.t")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"name": "a", "type": "VECTOR"}, "VECTOR, which is not emulated"),
        ({"name": "a", "type": "NONSENSE"}, "NONSENSE"),
        ({"name": "a", "type": "RECORD"}, "type RECORD but has no schema"),
        ({"name": "1a", "type": "STRING"}, "Invalid field name"),
        ({"name": "a", "type": "STRING", "mode": "MAYBE"}, "MAYBE"),
    ],
)
def test_a_bad_schema_is_refused(
    emulator: RunningEmulator, dataset: bigquery.Dataset, field: dict[str, str], message: str
) -> None:
    path = f"/bigquery/v2/projects/{emulator.project}/datasets/{dataset.dataset_id}/tables"
    body = {"tableReference": {"tableId": "bad"}, "schema": {"fields": [field]}}
    status, answer = emulator.request("POST", path, body)
    assert status == 400
    assert message in answer["error"]["message"]


def test_partitioning_by_a_missing_column_is_refused(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    wanted = bigquery.Table(dataset.table("t"), SCHEMA)
    wanted.time_partitioning = bigquery.TimePartitioning("DAY", "nope")
    with pytest.raises(exceptions.BadRequest, match="partitioning"):
        bigquery_client.create_table(wanted)


def test_columns_and_record_fields_are_added_with_rows_kept(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    table = make(bigquery_client, dataset)
    assert not bigquery_client.insert_rows_json(table, [{"id": 1, "who": {"name": "Ann"}}])
    inner = [*SCHEMA[3].fields, bigquery.SchemaField("city", "STRING")]
    table.schema = [
        *SCHEMA[:3],
        bigquery.SchemaField("who", "RECORD", fields=inner),
        bigquery.SchemaField("x", "FLOAT"),
    ]
    changed = bigquery_client.update_table(table, ["schema"])
    assert [field.name for field in changed.schema] == ["id", "day", "tags", "who", "x"]
    assert changed.num_rows == 1
    assert not bigquery_client.insert_rows_json(changed, [{"id": 2, "who": {"city": "Ulm"}, "x": 1.5}])
    rows = sorted(bigquery_client.list_rows(changed), key=lambda row: row.id)
    assert rows[0].who == {"name": "Ann", "age": None, "city": None}
    assert (rows[1].who["city"], rows[1].x) == ("Ulm", 1.5)


def test_new_columns_come_last_wherever_they_are_written(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    table = make(bigquery_client, dataset)
    table.schema = [bigquery.SchemaField("x", "FLOAT"), *reversed(SCHEMA)]
    changed = bigquery_client.update_table(table, ["schema"])
    assert [field.name for field in changed.schema] == [*(field.name for field in SCHEMA), "x"]
    read = bigquery_client.query_and_wait(f"SELECT * FROM {dataset.dataset_id}.t")
    assert [field.name for field in read.schema] == [field.name for field in changed.schema]


def test_a_required_column_can_become_nullable(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    table = make(bigquery_client, dataset)
    table.schema = [bigquery.SchemaField("id", "INTEGER"), *SCHEMA[1:]]
    changed = bigquery_client.update_table(table, ["schema"])
    assert not bigquery_client.insert_rows_json(changed, [{"tags": ["x"]}])


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (SCHEMA[:2], "is missing in new schema"),
        (
            [bigquery.SchemaField("id", "STRING", mode="REQUIRED"), *SCHEMA[1:]],
            "has changed type from INTEGER to STRING",
        ),
        ([*SCHEMA, bigquery.SchemaField("new", "STRING", mode="REQUIRED")], "Cannot add required fields"),
        ([*SCHEMA[:2], bigquery.SchemaField("tags", "STRING"), SCHEMA[3]], "has changed mode"),
    ],
)
def test_other_schema_changes_are_refused(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, schema: list[bigquery.SchemaField], message: str
) -> None:
    table = make(bigquery_client, dataset)
    table.schema = schema
    with pytest.raises(exceptions.BadRequest, match=message):
        bigquery_client.update_table(table, ["schema"])


def test_patch_merges_labels_and_put_replaces(
    bigquery_client: bigquery.Client, emulator: RunningEmulator, dataset: bigquery.Dataset
) -> None:
    make(bigquery_client, dataset)
    path = f"/bigquery/v2/projects/{emulator.project}/datasets/{dataset.dataset_id}/tables/t"
    emulator.request("PATCH", path, {"labels": {"a": "1", "b": "2"}, "description": "x"})
    patched = emulator.request("PATCH", path, {"labels": {"a": None, "c": "3"}})[1]
    assert patched["labels"] == {"b": "2", "c": "3"}
    assert patched["description"] == "x"
    replaced = emulator.request("PUT", path, {"labels": {"d": "4"}})[1]
    assert replaced["labels"] == {"d": "4"}
    assert "description" not in replaced
    assert len(replaced["schema"]["fields"]) == 4
    assert replaced["tableReference"]["tableId"] == "t"


def test_an_expired_table_is_gone(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    table = make(bigquery_client, dataset)
    table.expires = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    bigquery_client.update_table(table, ["expires"])
    with pytest.raises(exceptions.NotFound):
        bigquery_client.get_table(table.reference)
    assert make(bigquery_client, dataset).expires is None


def test_default_expiration_of_the_dataset(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    dataset.default_table_expiration_ms = 3_600_000
    bigquery_client.update_dataset(dataset, ["default_table_expiration_ms"])
    table = make(bigquery_client, dataset)
    assert table.expires is not None
    assert table.created is not None
    assert abs((table.expires - table.created).total_seconds() - 3600) < 10


def test_list_shows_kinds_and_pages(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    for name in ("a", "b", "c"):
        make(bigquery_client, dataset, name)
    view = bigquery.Table(dataset.table("v"))
    view.view_query = f"SELECT id FROM `{dataset.project}.{dataset.dataset_id}.a`"
    bigquery_client.create_table(view)
    found = [(item.table_id, item.table_type) for item in bigquery_client.list_tables(dataset, page_size=3)]
    assert found == [("a", "TABLE"), ("b", "TABLE"), ("c", "TABLE"), ("v", "VIEW")]


def test_a_view_has_the_schema_of_its_query(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    table = make(bigquery_client, dataset)
    bigquery_client.insert_rows_json(table, [{"id": 7, "tags": ["x", "y"]}])
    view = bigquery.Table(dataset.table("v"))
    view.view_query = f"SELECT id, tag FROM `{dataset.project}.{dataset.dataset_id}.t`, UNNEST(tags) AS tag"
    created = bigquery_client.create_table(view)
    assert [(field.name, field.field_type) for field in created.schema] == [("id", "INTEGER"), ("tag", "STRING")]
    rows = bigquery_client.query_and_wait(f"SELECT * FROM {dataset.dataset_id}.v ORDER BY tag")
    assert [tuple(row.values()) for row in rows] == [(7, "x"), (7, "y")]


def test_a_view_of_nothing_is_refused(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    view = bigquery.Table(dataset.table("v"))
    view.view_query = f"SELECT x FROM {dataset.dataset_id}.missing"
    with pytest.raises(exceptions.NotFound, match="missing"):
        bigquery_client.create_table(view)
    make(bigquery_client, dataset)
    view.view_query = f"SELECT nope FROM {dataset.dataset_id}.t"
    with pytest.raises(exceptions.BadRequest, match="Unrecognized name: nope"):
        bigquery_client.create_table(view)


def test_policies_of_tables(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    table = make(bigquery_client, dataset)
    policy = bigquery_client.get_iam_policy(table)
    policy.bindings = [{"role": "roles/bigquery.dataViewer", "members": {"user:ann@example.com"}}]
    bigquery_client.set_iam_policy(table, policy)
    found = bigquery_client.get_iam_policy(table)
    assert [dict(b)["role"] for b in found.bindings] == ["roles/bigquery.dataViewer"]
    allowed = bigquery_client.test_iam_permissions(table, ["bigquery.tables.getData"])
    assert allowed["permissions"] == ["bigquery.tables.getData"]


def test_what_is_not_emulated_says_so(emulator: RunningEmulator, dataset: bigquery.Dataset) -> None:
    path = f"/bigquery/v2/projects/{emulator.project}/datasets/{dataset.dataset_id}"
    body = {"tableReference": {"tableId": "m"}, "biglakeConfiguration": {"connectionId": "c"}}
    status, answer = emulator.request("POST", path + "/tables", body)
    assert status == 501
    assert "biglakeConfiguration" in answer["error"]["message"]
    status, answer = emulator.request("GET", path + "/models")
    assert status == 501
    assert "bigquery.models.list" in answer["error"]["message"]
