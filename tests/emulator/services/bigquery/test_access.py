"""Who may do what: access entries of datasets, policies of tables, project roles, authorised views."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.oauth2 import credentials, service_account

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator


@dataclass
class World:
    """An emulator with a dataset of its owner's, and somebody who may only start jobs."""

    emulator: RunningEmulator
    owner: bigquery.Client
    reader: bigquery.Client
    email: str
    dataset: bigquery.Dataset

    def grant(self, entry: bigquery.AccessEntry) -> None:
        dataset = self.owner.get_dataset(self.dataset.reference)
        dataset.access_entries = [*dataset.access_entries, entry]
        self.owner.update_dataset(dataset, ["access_entries"])

    def names(self, sql: str = "SELECT name FROM d.people") -> list[str]:
        return [row.name for row in self.reader.query(sql).result()]


def _client(emulator: RunningEmulator, credential: Any) -> bigquery.Client:
    return bigquery.Client(
        project=emulator.project, credentials=credential, client_options={"api_endpoint": emulator.base_url}
    )


@pytest.fixture
def world(start_emulator: StartEmulator) -> Iterator[World]:
    emulator = start_emulator()
    project = f"projects/{emulator.project}"
    status, account = emulator.request("POST", f"/v1/{project}/serviceAccounts", {"accountId": "reader"})
    assert status == 200, account
    key = emulator.request("POST", f"/v1/{account['name']}/keys", {})[1]
    info = json.loads(base64.b64decode(key["privateKeyData"]))
    policy = emulator.request("POST", f"/v1/{project}:getIamPolicy", {})[1]
    policy["bindings"].append({"role": "roles/bigquery.jobUser", "members": [f"serviceAccount:{account['email']}"]})
    assert emulator.request("POST", f"/v1/{project}:setIamPolicy", {"policy": policy})[0] == 200
    scopes = ["https://www.googleapis.com/auth/bigquery"]
    owner = _client(emulator, credentials.Credentials(token=emulator.owner_token))
    reader = _client(emulator, service_account.Credentials.from_service_account_info(info, scopes=scopes))
    dataset = owner.create_dataset("d")
    table = owner.create_table(bigquery.Table(dataset.table("people"), [bigquery.SchemaField("name", "STRING")]))
    owner.insert_rows_json(table, [{"name": "Ann"}])
    yield World(emulator, owner, reader, account["email"], dataset)
    owner.close()
    reader.close()


def test_access_entries_open_and_close_a_dataset(world: World) -> None:
    with pytest.raises(exceptions.Forbidden, match="User does not have permission to query table"):
        world.names()
    with pytest.raises(exceptions.Forbidden):
        world.reader.get_dataset("d")
    assert list(world.reader.list_datasets()) == []
    world.grant(bigquery.AccessEntry("READER", "userByEmail", world.email))
    assert world.names() == ["Ann"]
    assert [item.dataset_id for item in world.reader.list_datasets()] == ["d"]
    assert [row.name for row in world.reader.list_rows(world.reader.get_table("d.people"))] == ["Ann"]
    for sql in ("INSERT INTO d.people VALUES ('x')", "TRUNCATE TABLE d.people", "DELETE FROM d.people WHERE TRUE"):
        with pytest.raises(exceptions.Forbidden, match="updateData"):
            world.reader.query(sql).result()
    with pytest.raises(exceptions.Forbidden):
        world.reader.query("CREATE TABLE d.mine AS SELECT 1 AS x").result()
    with pytest.raises(exceptions.Forbidden):
        world.reader.query("DROP TABLE d.people").result()
    dataset = world.owner.get_dataset("d")
    dataset.access_entries = [entry for entry in dataset.access_entries if entry.entity_id != world.email]
    world.owner.update_dataset(dataset, ["access_entries"])
    with pytest.raises(exceptions.Forbidden):
        world.names()


def test_writers_write(world: World) -> None:
    world.grant(bigquery.AccessEntry("roles/bigquery.dataEditor", "userByEmail", world.email))
    world.reader.query("INSERT INTO d.people VALUES ('Bob')").result()
    assert world.reader.insert_rows_json("d.people", [{"name": "Cem"}], row_ids=[None]) == []
    world.reader.load_table_from_json([{"name": "Dan"}], "d.people").result()
    world.reader.query("CREATE TABLE d.mine AS SELECT COUNT(*) AS n FROM d.people").result()
    assert [row.n for row in world.reader.query("SELECT n FROM d.mine").result()] == [4]
    with pytest.raises(exceptions.Forbidden):
        world.reader.create_dataset("other")


def test_a_policy_of_one_table_opens_only_that(world: World) -> None:
    world.owner.query("CREATE TABLE d.secret AS SELECT 'x' AS name").result()
    policy = world.owner.get_iam_policy("d.people")
    policy.bindings = [{"role": "roles/bigquery.dataViewer", "members": {f"serviceAccount:{world.email}"}}]
    world.owner.set_iam_policy("d.people", policy)
    assert world.names() == ["Ann"]
    with pytest.raises(exceptions.Forbidden):
        world.names("SELECT name FROM d.secret")
    with pytest.raises(exceptions.Forbidden):
        world.names("SELECT name FROM `d.*`")
    with pytest.raises(exceptions.Forbidden):
        world.names("SELECT table_name AS name FROM d.INFORMATION_SCHEMA.TABLES")


def test_who_may_list_tables_but_not_get_them_sees_no_columns(world: World) -> None:
    """roles/bigquery.user on a dataset has tables.list without tables.get (BigQuery: INFORMATION_SCHEMA views)."""
    world.grant(bigquery.AccessEntry("roles/bigquery.user", "userByEmail", world.email))
    assert [item.table_id for item in world.reader.list_tables("d")] == ["people"]
    for view in ("TABLES", "COLUMNS", "COLUMN_FIELD_PATHS", "TABLE_OPTIONS", "PARTITIONS"):
        with pytest.raises(exceptions.Forbidden, match=r"bigquery\.tables\.get"):
            world.names(f"SELECT table_name AS name FROM d.INFORMATION_SCHEMA.{view}")
    world.grant(bigquery.AccessEntry("roles/bigquery.metadataViewer", "userByEmail", world.email))
    assert world.names("SELECT DISTINCT table_name AS name FROM d.INFORMATION_SCHEMA.COLUMNS") == ["people"]


def test_a_view_reads_for_its_reader_only_where_authorised(world: World) -> None:
    shared = world.owner.create_dataset("shared")
    view = bigquery.Table(shared.table("names"))
    view.view_query = "SELECT name FROM d.people"
    created = world.owner.create_table(view)
    entries = [*shared.access_entries, bigquery.AccessEntry("READER", "userByEmail", world.email)]
    shared.access_entries = entries
    world.owner.update_dataset(shared, ["access_entries"])
    with pytest.raises(exceptions.Forbidden):
        world.names("SELECT name FROM shared.names")
    world.grant(bigquery.AccessEntry(None, "view", created.reference.to_api_repr()))
    assert world.names("SELECT name FROM shared.names") == ["Ann"]
    with pytest.raises(exceptions.Forbidden):
        world.names("SELECT v.name FROM shared.names v JOIN d.people p USING (name)")


def test_jobs_and_results_belong_to_who_made_them(world: World) -> None:
    job = world.owner.query("SELECT 'secret' AS name")
    job.result()
    with pytest.raises(exceptions.Forbidden):
        world.reader.get_job(job.job_id)
    destination = job.destination
    with pytest.raises(exceptions.Forbidden):
        world.names(f"SELECT name FROM {destination.dataset_id}.{destination.table_id}")
    assert job.job_id not in [item.job_id for item in world.reader.list_jobs()]
    with pytest.raises(exceptions.Forbidden):
        list(world.reader.list_jobs(all_users=True))


def test_no_token_and_no_job_permission(world: World) -> None:
    path = f"/bigquery/v2/projects/{world.emulator.project}/queries"
    assert world.emulator.request("POST", path, {"query": "SELECT 1"}, token="")[0] == 401
    policy = world.emulator.request("POST", f"/v1/projects/{world.emulator.project}:getIamPolicy", {})[1]
    policy["bindings"] = [b for b in policy["bindings"] if b["role"] != "roles/bigquery.jobUser"]
    world.emulator.request("POST", f"/v1/projects/{world.emulator.project}:setIamPolicy", {"policy": policy})
    with pytest.raises(exceptions.Forbidden, match=r"bigquery\.jobs\.create"):
        world.reader.query("SELECT 1").result()


def test_loads_and_extracts_need_the_bucket_too(world: World) -> None:
    world.grant(bigquery.AccessEntry("WRITER", "userByEmail", world.email))
    world.emulator.request("POST", f"/storage/v1/b?project={world.emulator.project}", {"name": "some-bucket"})
    config = bigquery.LoadJobConfig(source_format="CSV")
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.get"):
        world.reader.load_table_from_uri("gs://some-bucket/x.csv", "d.people", job_config=config).result()
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.create"):
        world.reader.extract_table("d.people", "gs://some-bucket/x.csv").result()
