"""Rows of tables with a key, where data are encrypted at rest: the version that protects them encrypts them itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import types
from google.oauth2.credentials import Credentials

from tests.support import storage_api
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keyed_rows import is_opened_by_root_key, keyed_files, opened_by_root_key
from tests.support.keys import agent_of, destroy, make_key, rotate, set_state
from tests.support.patience import eventually
from tests.support.storage_api import PROTO, appending, descriptor, message_class, rows

ROW = descriptor("Row", ("word", PROTO.TYPE_STRING))
Row = message_class(ROW)
MakeKey = Callable[[], str]
MakeDataset = Callable[[str], str]


class World:
    """Requests of the owner to the emulator that encrypts."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.emulator = emulator
        self.project = f"/bigquery/v2/projects/{emulator.project}"

    def answer(self, sql: str, **options: Any) -> tuple[int, Any]:
        """HTTP's status and the answer to a query."""
        body = {"query": sql, "useLegacySql": False, "timeoutMs": 200_000, **options}
        return self.emulator.request("POST", f"{self.project}/queries", body)

    def run(self, sql: str, **options: Any) -> list[str]:
        """The first column of what a query gives."""
        code, answer = self.answer(sql, **options)
        assert code == 200, (sql, answer)
        return [row["f"][0]["v"] for row in answer.get("rows", [])]

    def listed(self, table: str) -> tuple[int, Any]:
        """What tabledata.list answers of DATASET.TABLE."""
        dataset, name = table.split(".")
        return self.emulator.request("GET", f"{self.project}/datasets/{dataset}/tables/{name}/data")

    def insert(self, table: str, *words: str) -> None:
        """Stream rows into DATASET.TABLE."""
        dataset, name = table.split(".")
        body = {"rows": [{"json": {"word": word}} for word in words]}
        answer = ask(self.emulator, "POST", f"{self.project}/datasets/{dataset}/tables/{name}/insertAll", body)
        assert "insertErrors" not in answer

    def client(self) -> bigquery.Client:
        """Google's client."""
        credentials = Credentials(token=self.emulator.owner_token)
        options = {"api_endpoint": self.emulator.base_url}
        return bigquery.Client(project=self.emulator.project, credentials=credentials, client_options=options)

    def session(self, table: str, restriction: str = "") -> str:
        """The only stream of a new read session of DATASET.TABLE."""
        dataset, name = table.split(".")
        parent = f"projects/{self.emulator.project}"
        options = types.ReadSession.TableReadOptions(row_restriction=restriction)
        wanted = types.ReadSession(
            table=f"{parent}/datasets/{dataset}/tables/{name}", data_format=types.DataFormat.AVRO, read_options=options
        )
        with storage_api.channel(self.emulator) as channel:
            reader = storage_api.reader(channel)
            session = reader.create_read_session(parent=parent, read_session=wanted, max_stream_count=1)
        return str(session.streams[0].name)

    def read(self, stream: str) -> bytes:
        """The rows of a read stream in Avro's encoding."""
        with storage_api.channel(self.emulator) as channel:
            answers = list(storage_api.reader(channel).read_rows(stream))
        return b"".join(answer.avro_rows.serialized_binary_rows for answer in answers)


@pytest.fixture
def world(encrypting: RunningEmulator) -> World:
    return World(encrypting)


@pytest.fixture
def new_key(encrypting: RunningEmulator, unique: Callable[[str], str]) -> MakeKey:
    """Makes a key that BigQuery may use."""
    return lambda: make_key(encrypting, unique("ring"), agent_of(encrypting, "bigquery"))


@pytest.fixture
def new_dataset(world: World, unique: Callable[[str], str]) -> Iterator[MakeDataset]:
    """Makes a dataset whose tables get a key, "" for none."""
    made = []

    def make(key: str) -> str:
        name = unique("keyed").replace("-", "_")
        settings = {"defaultEncryptionConfiguration": {"kmsKeyName": key}} if key else {}
        ask(world.emulator, "POST", f"{world.project}/datasets", {"datasetReference": {"datasetId": name}, **settings})
        made.append(name)
        return name

    yield make
    for name in made:
        world.emulator.request("DELETE", f"{world.project}/datasets/{name}?deleteContents=true")


def write(world: World, dataset: str, word: str) -> list[str]:
    """Write a word into tables of a dataset in every way that there is; the names of the tables."""
    client, t = world.client(), f"{dataset}.t"
    world.run(f"CREATE TABLE {t}(word STRING)")
    world.insert(t, word)
    world.run(f"INSERT INTO {t} SELECT word FROM {t}")
    world.run(f"UPDATE {t} SET word = CONCAT(word, '') WHERE TRUE")
    world.run(f"ALTER TABLE {t} RENAME COLUMN word TO other")
    world.run(f"ALTER TABLE {t} RENAME COLUMN other TO word")
    world.run(f"CREATE TABLE {dataset}.selected AS SELECT word FROM {t}")
    world.run(f"CREATE TABLE {dataset}.cast_to(word STRING) AS SELECT word FROM {t}")
    world.run(f"CREATE SNAPSHOT TABLE {dataset}.snapshot CLONE {t}")
    world.run(f"CREATE TABLE {dataset}.clone CLONE {t}")
    world.run(f"BEGIN TRANSACTION; INSERT INTO {t} SELECT word FROM {t} LIMIT 1; COMMIT TRANSACTION")
    world.run(f"CREATE TEMP TABLE kept AS SELECT word FROM {t}; SELECT word FROM kept")
    world.run(
        f"CREATE TEMP TABLE filled(word STRING); INSERT INTO filled SELECT word FROM {t}; SELECT word FROM filled"
    )
    change = (
        f"BEGIN TRANSACTION; INSERT INTO undone SELECT word FROM {t}; ROLLBACK TRANSACTION; SELECT word FROM undone"
    )
    assert world.run(f"CREATE TEMP TABLE undone(word STRING); {change}") == []
    loading = bigquery.LoadJobConfig(schema=[bigquery.SchemaField("word", "STRING")])
    for _ in range(2):  # into a new table, and behind what it has
        client.load_table_from_json([{"word": word}], f"{dataset}.loaded", job_config=loading).result()
    client.copy_table(f"{dataset}.loaded", f"{dataset}.copied").result()
    into = bigquery.QueryJobConfig(destination=f"{world.emulator.project}.{dataset}.queried")
    client.query_and_wait(f"SELECT word FROM {t}", job_config=into)
    world.run(f"CREATE TABLE {dataset}.streamed(word STRING)")
    stream_into(world, f"{dataset}.streamed", word)
    names = ("t", "selected", "cast_to", "snapshot", "clone", "loaded", "copied", "queried", "streamed")
    return [f"{dataset}.{name}" for name in names]


def stream_into(world: World, table: str, word: str) -> None:
    """Write a word through streams: a committed one, one that is committed, and one that stays pending."""
    dataset, name = table.split(".")
    parent = f"projects/{world.emulator.project}/datasets/{dataset}/tables/{name}"
    committed, pending = types.WriteStream.Type.COMMITTED, types.WriteStream.Type.PENDING
    with storage_api.channel(world.emulator) as channel:
        client = storage_api.writing(channel)
        names = []
        for kind in (committed, pending, pending):
            names.append(client.create_write_stream(parent=parent, write_stream=types.WriteStream(type_=kind)).name)
            with appending(client, names[-1], ROW) as stream:
                stream.send(rows([Row(word=word)], offset=0)).result()
        client.finalize_write_stream(name=names[1])
        done = client.batch_commit_write_streams(request={"parent": parent, "write_streams": [names[1]]})
        assert list(done.stream_errors) == []


def test_who_has_the_root_key_alone_reads_no_row(
    world: World, new_key: MakeKey, new_dataset: MakeDataset, unique: Callable[[str], str], tmp_path: Path
) -> None:
    word, plain = unique("canary"), unique("plain")
    tables = write(world, dataset := new_dataset(new_key()), word)
    open_ones = write(world, new_dataset(""), plain)
    assert world.run(f"SELECT word FROM {dataset}.t LIMIT 1") == [word]
    for table in tables:
        assert word.encode() in world.read(world.session(table, f"word != '{plain}'")), table
    stream = world.session(f"{dataset}.t")
    world.run(f"DELETE FROM {dataset}.t WHERE TRUE")  # which a read session has copied before
    world.emulator.kill()
    shown = opened_by_root_key(world.emulator, tmp_path)
    assert (word in shown, plain in shown) == (False, True)
    assert [path for path in keyed_files(world.emulator) if is_opened_by_root_key(world.emulator, path, tmp_path)] == []
    world.emulator.start()
    assert word.encode() in world.read(stream)
    for table in [*tables, *open_ones]:
        expected = {plain if table in open_ones else word} if table != f"{dataset}.t" else set()
        assert set(world.run(f"SELECT word FROM {table}")) == expected, table


def test_rows_are_open_as_the_version_is_that_protects_them(
    world: World, new_key: MakeKey, new_dataset: MakeDataset
) -> None:
    key, other = new_key(), new_dataset("")
    dataset = new_dataset(key)
    table, emulator = f"{dataset}.t", world.emulator
    inserting = f"{world.project}/datasets/{dataset}/tables/t/insertAll"
    world.run(f"CREATE TABLE {table} AS SELECT 'first' AS word")
    world.run(f"CREATE TABLE {other}.t AS SELECT 'beside' AS word")
    _, answer = world.answer(f"SELECT word FROM {table}")
    result = f"{world.project}/queries/{answer['jobReference']['jobId']}"
    assert emulator.request("GET", result)[1]["rows"] == [{"f": [{"v": "first"}]}]
    version, stream = f"{key}/cryptoKeyVersions/1", world.session(table)

    def is_closed() -> None:
        refused = f"{version} is not enabled, current state is: DISABLED."
        ways = [
            world.answer(f"SELECT word FROM {table}"),
            world.answer(f"SELECT a.word FROM {other}.t a, {table} b"),
            world.answer(f"INSERT INTO {table} VALUES ('more')"),
            world.answer(f"CREATE TABLE {other}.copied COPY {table}"),
            world.listed(table),
            emulator.request("GET", result),
            emulator.request("POST", inserting, {"rows": [{"json": {}}]}),
        ]
        assert [(code, refused in repr(answer)) for code, answer in ways] == [(400, True)] * len(ways)
        assert ask(emulator, "GET", f"{world.project}/datasets/{dataset}/tables/t")["id"].endswith(".t")
        assert world.run(f"SELECT word FROM {other}.t") == ["beside"]
        assert world.run(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.PARTITIONS") == []
        assert world.run(f"SELECT table_id FROM {dataset}.__TABLES__") == ["t"]
        with pytest.raises(GoogleAPICallError, match="is not enabled"):
            world.read(stream)

    set_state(emulator, key, "DISABLED")
    is_closed()
    emulator.kill()
    emulator.start()
    is_closed()
    set_state(emulator, key, "ENABLED")
    assert world.run(f"SELECT word FROM {table}") == ["first"]
    assert world.listed(table)[0] == emulator.request("GET", result)[0] == 200
    assert b"first" in world.read(stream)
    rotate(emulator, key)
    world.run(f"INSERT INTO {table} VALUES ('second')")  # a table stays with the version that it got
    world.run(f"CREATE TABLE {dataset}.after AS SELECT 'third' AS word")
    set_state(emulator, key, "DISABLED")
    assert world.answer(f"SELECT word FROM {table}")[0] == 400
    assert world.run(f"SELECT word FROM {dataset}.after") == ["third"]
    set_state(emulator, key, "ENABLED")
    assert sorted(world.run(f"SELECT word FROM {table}")) == ["first", "second"]


def test_what_is_closed_can_be_deleted(world: World, new_key: MakeKey, new_dataset: MakeDataset) -> None:
    key = new_key()
    dataset, other = new_dataset(key), new_dataset(key)
    world.run(f"CREATE TABLE {dataset}.t AS SELECT 'first' AS word")
    world.run(f"CREATE TABLE {dataset}.kept AS SELECT 'second' AS word")
    world.run(f"CREATE TABLE {other}.t AS SELECT 'third' AS word")
    set_state(world.emulator, key, "DISABLED")
    for path in (f"{dataset}/tables/t", f"{other}?deleteContents=true"):
        assert world.emulator.request("DELETE", f"{world.project}/datasets/{path}")[0] == 204
    set_state(world.emulator, key, "ENABLED")
    assert world.run(f"SELECT word FROM {dataset}.kept") == ["second"]
    for table in (f"{dataset}.t", f"{other}.t"):
        assert world.answer(f"SELECT word FROM {table}")[0] == 404


def test_rows_go_with_the_version(world: World, new_key: MakeKey, new_dataset: MakeDataset) -> None:
    key, emulator = new_key(), world.emulator
    dataset, other, before = new_dataset(key), new_dataset(""), set(keyed_files(world.emulator))
    world.run(f"CREATE TABLE {dataset}.t AS SELECT 'first' AS word")
    world.run(f"CREATE TABLE {other}.t AS SELECT word FROM {dataset}.t")
    _, answer = world.answer(f"SELECT word FROM {dataset}.t")
    result = f"{world.project}/queries/{answer['jobReference']['jobId']}"
    assert len(set(keyed_files(emulator)) - before) == 1
    destroy(emulator, f"{key}/cryptoKeyVersions/1")
    assert set(keyed_files(emulator)) == before
    assert world.answer(f"SELECT word FROM {dataset}.t")[0] == 400
    assert "first" not in repr(emulator.request("GET", result))
    assert world.run(f"SELECT word FROM {other}.t") == ["first"]  # which has no key
    assert ask(emulator, "GET", f"{world.project}/datasets/{dataset}/tables/t")["numRows"] == "0"
    assert emulator.request("DELETE", f"{world.project}/datasets/{dataset}/tables/t")[0] == 204


def test_one_statement_reads_and_one_transaction_changes_tables_of_several_keys(
    world: World, new_key: MakeKey, new_dataset: MakeDataset
) -> None:
    one, two, none = new_dataset(new_key()), new_dataset(new_key()), new_dataset("")
    for dataset in (one, two, none):
        world.run(f"CREATE TABLE {dataset}.t AS SELECT '{dataset}' AS word")
    union = " UNION ALL ".join(f"SELECT word FROM {dataset}.t" for dataset in (one, two, none))
    assert sorted(world.run(union)) == sorted([one, two, none])
    world.run(f"INSERT INTO {two}.t {union}")
    assert len(world.run(f"SELECT word FROM {two}.t")) == 4
    changes = [f"UPDATE {dataset}.t SET word = 'new' WHERE TRUE" for dataset in (one, two, none)]
    for end in ("ROLLBACK", "COMMIT"):
        world.run("; ".join(["BEGIN TRANSACTION", *changes, f"{end} TRANSACTION"]))
        assert ("new" in world.run(union)) == (end == "COMMIT")
    world.emulator.kill()
    world.emulator.start()
    assert set(world.run(union)) == {"new"}


def test_a_result_has_the_key_that_its_job_names(world: World, new_key: MakeKey, new_dataset: MakeDataset) -> None:
    key, dataset = new_key(), new_dataset("")
    world.run(f"CREATE TABLE {dataset}.t AS SELECT 'first' AS word")
    _, answer = world.answer(f"SELECT word FROM {dataset}.t", destinationEncryptionConfiguration={"kmsKeyName": key})
    result = f"{world.project}/queries/{answer['jobReference']['jobId']}"
    set_state(world.emulator, key, "DISABLED")
    assert world.emulator.request("GET", result)[0] == 400
    set_state(world.emulator, key, "ENABLED")
    assert world.emulator.request("GET", result)[1]["rows"] == [{"f": [{"v": "first"}]}]


@pytest.mark.parametrize("way", ["patch", "ALTER TABLE"])
def test_a_table_that_gets_another_key_takes_its_rows_along(
    world: World, new_key: MakeKey, new_dataset: MakeDataset, way: str, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    first, second, dataset, word = new_key(), new_key(), new_dataset(""), unique("canary")
    world.run(f"CREATE TABLE {dataset}.t(word STRING) PARTITION BY _PARTITIONDATE")
    world.insert(f"{dataset}.t", word)

    def change(key: str) -> None:
        if way == "patch":
            body = {"encryptionConfiguration": {"kmsKeyName": key}}
            ask(world.emulator, "PATCH", f"{world.project}/datasets/{dataset}/tables/t", body)
        else:
            world.run(f"ALTER TABLE {dataset}.t SET OPTIONS (kms_key_name = '{key}')")
        assert world.run(f"SELECT word FROM {dataset}.t WHERE _PARTITIONTIME IS NOT NULL") == [word]

    change(first)
    set_state(world.emulator, first, "DISABLED")
    assert world.answer(f"SELECT word FROM {dataset}.t")[0] == 400
    code, answer = world.answer(f"ALTER TABLE {dataset}.t SET OPTIONS (kms_key_name = '{second}')")
    assert code == 400, answer  # rows that can't be read can't be moved
    set_state(world.emulator, first, "ENABLED")
    change(second)
    destroy(world.emulator, f"{first}/cryptoKeyVersions/1")
    assert world.run(f"SELECT word FROM {dataset}.t") == [word]
    world.emulator.kill()
    assert word not in opened_by_root_key(world.emulator, tmp_path)
    world.emulator.start()
    assert world.run(f"SELECT word FROM {dataset}.t") == [word]


def test_what_is_acknowledged_survives_a_crash(
    world: World, new_key: MakeKey, new_dataset: MakeDataset, unique: Callable[[str], str]
) -> None:
    table = f"{new_dataset(new_key())}.t"
    world.run(f"CREATE TABLE {table}(word STRING)")
    words = [unique("word") for _ in range(5)]
    for word in words:
        world.insert(table, word)
        world.emulator.kill()
        world.emulator.start()
    world.run(f"INSERT INTO {table} VALUES ('more')")
    world.emulator.kill()
    world.emulator.start()
    assert sorted(world.run(f"SELECT word FROM {table}")) == sorted([*words, "more"])


def test_a_query_that_a_crash_interrupts_leaves_nothing(
    world: World, new_key: MakeKey, new_dataset: MakeDataset
) -> None:
    table, jobs = f"{new_dataset(new_key())}.t", f"{world.project}/jobs"
    world.run(f"CREATE TABLE {table} AS SELECT 'first' AS word")
    numbers = "UNNEST(GENERATE_ARRAY(1, 100000))"
    sql = f"INSERT INTO {table} SELECT CAST(a * b AS STRING) FROM {numbers} a, {numbers} b"
    query = {"configuration": {"query": {"query": sql, "useLegacySql": False}}}
    job = ask(world.emulator, "POST", jobs, query)["jobReference"]["jobId"]
    eventually(lambda: ask(world.emulator, "GET", f"{jobs}/{job}")["status"]["state"] == "RUNNING")
    world.emulator.kill()
    world.emulator.start()
    eventually(lambda: ask(world.emulator, "GET", f"{jobs}/{job}")["status"]["state"] == "DONE")
    assert ask(world.emulator, "GET", f"{jobs}/{job}")["status"]["errorResult"]["reason"] == "backendError"
    assert world.run(f"SELECT word FROM {table}") == ["first"]


def test_a_snapshot_has_the_rows_and_versions_of_its_moment(
    world: World, new_key: MakeKey, new_dataset: MakeDataset, unique: Callable[[str], str]
) -> None:
    key, snapshot, emulator = new_key(), unique("snapshot"), world.emulator
    table = f"{new_dataset(key)}.t"
    world.run(f"CREATE TABLE {table} AS SELECT 'first' AS word")
    ask(emulator, "POST", "/_emulator/snapshots", {"name": snapshot})
    world.run(f"INSERT INTO {table} VALUES ('second')")
    destroy(emulator, f"{key}/cryptoKeyVersions/1")
    assert world.answer(f"SELECT word FROM {table}")[0] == 400
    ask(emulator, "POST", f"/_emulator/snapshots/{snapshot}:restore")
    assert world.run(f"SELECT word FROM {table}") == ["first"]


def test_rows_of_before_are_moved_at_the_start(
    world: World, new_key: MakeKey, new_dataset: MakeDataset, unique: Callable[[str], str], tmp_path: Path
) -> None:
    """Tables with keys of a state that has all rows in one file: it had no encryption, or the root key's alone."""
    key, plain, keyed, word = new_key(), new_dataset(""), new_dataset(""), unique("canary")
    emulator = world.emulator
    for table in (f"{plain}.t", f"{keyed}.t"):
        world.run(f"CREATE TABLE {table}(word STRING) PARTITION BY _PARTITIONDATE")
        world.insert(table, word if keyed in table else "beside")
        world.run(f"UPDATE {table} SET word = CONCAT(word, '') WHERE TRUE")  # which leaves an earlier state
    emulator.kill()
    with emulator.database() as database:
        add = f"json_set(CAST(body AS TEXT), '$._keyVersion', '{key}/cryptoKeyVersions/1')"
        for table in ("resources", "bigquery_history"):
            database.execute(f"UPDATE {table} SET body = CAST({add} AS BLOB) WHERE name LIKE '%/{keyed}/tables/t'")
    assert word in opened_by_root_key(emulator, tmp_path)
    emulator.start()
    assert world.run(f"SELECT word FROM {keyed}.t WHERE _PARTITIONTIME IS NOT NULL") == [word]
    set_state(emulator, key, "DISABLED")
    assert world.answer(f"SELECT word FROM {keyed}.t")[0] == 400
    assert world.run(f"SELECT word FROM {plain}.t") == ["beside"]
    emulator.kill()
    assert word not in opened_by_root_key(emulator, tmp_path)
    emulator.start()
    set_state(emulator, key, "ENABLED")
    assert world.run(f"SELECT word FROM {keyed}.t") == [word]
