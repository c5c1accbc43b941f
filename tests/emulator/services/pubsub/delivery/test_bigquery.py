"""BigQuery subscriptions (Pub/Sub: "BigQuery subscriptions", "Create BigQuery subscriptions")."""

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from google.cloud import bigquery, pubsub_v1

from emulator.settings import project_number
from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

Names = Callable[[str], str]
Subscribe = Callable[..., str]
AGENT = f"service-{project_number(PROJECT)}@gcp-sa-pubsub.iam.gserviceaccount.com"
METADATA = [
    bigquery.SchemaField("subscription_name", "STRING"),
    bigquery.SchemaField("message_id", "STRING"),
    bigquery.SchemaField("publish_time", "TIMESTAMP"),
    bigquery.SchemaField("attributes", "JSON"),
]


@pytest.fixture
def table(bigquery_client: bigquery.Client, unique: Names) -> Callable[..., str]:
    """Makes a table of some fields to which Pub/Sub's agent may write; its name."""

    def make(*fields: bigquery.SchemaField) -> str:
        dataset = bigquery_client.create_dataset(unique("events").replace("-", "_"))
        dataset.access_entries = [*dataset.access_entries, bigquery.AccessEntry("WRITER", "userByEmail", AGENT)]
        bigquery_client.update_dataset(dataset, ["access_entries"])
        name = f"{PROJECT}.{dataset.dataset_id}.messages"
        bigquery_client.create_table(bigquery.Table(name, schema=list(fields)))
        return name

    return make


def rows(client: bigquery.Client, table: str, count: int) -> list[dict[str, Any]]:
    """The rows of a table, once there are so many."""
    return eventually(lambda: [dict(row) for row in client.list_rows(table)], lambda found: len(found) >= count)


def publish(emulator: RunningEmulator, topic: str, *messages: dict[str, Any]) -> list[str]:
    """Publish messages with data in bytes; their ids."""
    body = {"messages": [{**one, "data": base64.b64encode(one.get("data", b"")).decode()} for one in messages]}
    code, answer = emulator.request("POST", f"/v1/{topic}:publish", body)
    assert code == 200, answer
    ids: list[str] = answer["messageIds"]
    return ids


@pytest.mark.parametrize(("kind", "expected"), [("STRING", "plain"), ("BYTES", b"plain")])
def test_data_go_to_one_column_with_metadata_beside(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, table: Any, subscribe: Subscribe, topic: str,
    kind: str, expected: Any,
) -> None:  # fmt: skip
    name = table(bigquery.SchemaField("data", kind), *METADATA)
    subscription = subscribe(bigqueryConfig={"table": name, "writeMetadata": True})
    [message] = publish(emulator, topic, {"data": b"plain", "attributes": {"a": "1"}, "orderingKey": "study"})
    [row] = rows(bigquery_client, name, 1)
    assert (row["data"], row["message_id"], row["subscription_name"]) == (expected, message, subscription)
    assert row["attributes"] in ({"a": "1", "ordering_key": "study"}, '{"a":"1","ordering_key":"study"}')
    code, answer = emulator.request("POST", f"/v1/{subscription}:pull", {"maxMessages": 1})
    assert (code, "BigQuery subscriptions" in answer["error"]["message"]) == (400, True)


def test_the_table_s_schema_takes_fields_of_json(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, table: Any, subscribe: Subscribe, topic: str
) -> None:
    name = table(bigquery.SchemaField("modality", "STRING"), bigquery.SchemaField("images", "INT64"))
    subscribe(bigqueryConfig={"table": name, "useTableSchema": True, "dropUnknownFields": True})
    publish(emulator, topic, {"data": orjson.dumps({"modality": "DX", "images": 2, "other": 1})})
    assert rows(bigquery_client, name, 1) == [{"modality": "DX", "images": 2}]


def test_the_topic_s_schema_says_the_columns(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, table: Any, unique: Names
) -> None:
    fields = [{"name": "modality", "type": "string"}, {"name": "images", "type": ["null", "int"]}]
    definition = orjson.dumps({"type": "record", "name": "Study", "fields": fields}).decode()
    schema = f"projects/{PROJECT}/schemas/{unique('schema')}"
    path = f"/v1/projects/{PROJECT}/schemas?schemaId={schema.rsplit('/', 1)[-1]}"
    assert emulator.request("POST", path, {"type": "AVRO", "definition": definition})[0] == 200
    topic = f"projects/{PROJECT}/topics/{unique('topic')}"
    settings = {"schemaSettings": {"schema": schema, "encoding": "JSON"}}
    assert emulator.request("PUT", f"/v1/{topic}", settings)[0] == 200
    name = table(bigquery.SchemaField("modality", "STRING"), bigquery.SchemaField("images", "INT64"))
    config = {"topic": topic, "bigqueryConfig": {"table": name, "useTopicSchema": True}}
    subscription = f"projects/{PROJECT}/subscriptions/{unique('subscription')}"
    assert emulator.request("PUT", f"/v1/{subscription}", config)[0] == 200
    publish(emulator, topic, {"data": orjson.dumps({"modality": "DX", "images": {"int": 3}})})
    assert rows(bigquery_client, name, 1) == [{"modality": "DX", "images": 3}]


def test_what_does_not_fit_goes_to_the_dead_letter_topic(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, subscriber: pubsub_v1.SubscriberClient, table: Any,
    subscribe: Subscribe, topic: str, unique: Names,
) -> None:  # fmt: skip
    """And holds nothing else back."""
    dead = f"projects/{PROJECT}/topics/{unique('dead')}"
    letters = f"projects/{PROJECT}/subscriptions/{unique('dead')}"
    assert emulator.request("PUT", f"/v1/{dead}", {})[0] == 200
    assert emulator.request("PUT", f"/v1/{letters}", {"topic": dead})[0] == 200
    name = table(bigquery.SchemaField("images", "INT64"))
    subscription = subscribe(
        bigqueryConfig={"table": name, "useTableSchema": True},
        deadLetterPolicy={"deadLetterTopic": dead, "maxDeliveryAttempts": 5},
    )
    for resource, role in ((dead, "roles/pubsub.publisher"), (subscription, "roles/pubsub.subscriber")):
        policy = {"policy": {"bindings": [{"role": role, "members": [f"serviceAccount:{AGENT}"]}]}}
        assert emulator.request("POST", f"/v1/{resource}:setIamPolicy", policy)[0] == 200
    publish(emulator, topic, {"data": b'{"images": "many"}'}, {"data": b'{"images": 1}'})
    assert rows(bigquery_client, name, 1) == [{"images": 1}]
    received = eventually(
        lambda: subscriber.pull(subscription=letters, max_messages=1, timeout=PATIENCE).received_messages
    )
    assert received[0].message.data == b'{"images": "many"}'


def test_nothing_is_written_without_the_right_to_and_everything_with_it(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, table: Any, subscribe: Subscribe, topic: str
) -> None:
    name = table(bigquery.SchemaField("data", "STRING"))
    subscribe(bigqueryConfig={"table": name})
    dataset = bigquery_client.get_dataset(name.rpartition(".")[0])
    entries = list(dataset.access_entries)
    dataset.access_entries = [entry for entry in entries if entry.entity_id != AGENT]
    bigquery_client.update_dataset(dataset, ["access_entries"])
    publish(emulator, topic, {"data": b"waits"})
    assert not list(bigquery_client.list_rows(name))
    dataset = bigquery_client.get_dataset(dataset.reference)
    dataset.access_entries = entries
    bigquery_client.update_dataset(dataset, ["access_entries"])
    assert rows(bigquery_client, name, 1) == [{"data": "waits"}]
