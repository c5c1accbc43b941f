"""Rows in and out of BigQuery: insertAll, the Storage Write API, and the Storage Read API beside bare Arrow."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pyarrow as pa
import requests
from google.cloud import bigquery_storage_v1
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from benchmarks.data.queries import bare, client_of, films
from benchmarks.figures import Figure, in_turn, timed
from benchmarks.running import PROJECT, Running, running_emulator
from scripts.demonstration.places import Places

INSERTED, INSERTED_AT_ONCE = 50_000, 5_000
WRITTEN, WRITTEN_AT_ONCE = 500_000, 10_000
READ = 1_000_000
_ROUNDS = 5
_READ_ROUNDS = 25
"""Each takes a tenth of a second, in which whatever else the machine does shows."""
_FIELD = descriptor_pb2.FieldDescriptorProto
_COLUMNS = {"patient": _FIELD.TYPE_INT64, "study": _FIELD.TYPE_STRING, "bytes": _FIELD.TYPE_INT64}
_TABLE = "(patient INT64, study STRING, bytes INT64)"


def rows(places: Places) -> list[Figure]:
    """Rows a second each way, through plain HTTP and Google's own client of gRPC."""
    with running_emulator(places, "rows") as running, _channel(running) as channel:
        client = client_of(running)
        client.create_dataset("benchmark")
        client.query_and_wait(f"CREATE TABLE benchmark.inserted {_TABLE}")
        client.query_and_wait(f"CREATE TABLE benchmark.written {_TABLE}")
        client.query_and_wait(f"CREATE TABLE benchmark.films AS {films('bigquery', READ)}")
        return [_inserting(running), _writing(channel), _reading(channel, places)]


def _inserting(running: Running) -> Figure:
    """insertAll, one request after the other; the bodies are made before."""
    url = f"{running.url}/bigquery/v2/projects/{PROJECT}/datasets/benchmark/tables/inserted/insertAll"
    row = [{"json": _row(number)} for number in range(INSERTED_AT_ONCE)]
    body = json.dumps({"rows": row}).encode()
    headers = {"Authorization": f"Bearer {running.credentials.token}", "Content-Type": "application/json"}
    with requests.Session() as session:

        def insert() -> None:
            for _ in range(INSERTED // INSERTED_AT_ONCE):
                answer = session.post(url, data=body, headers=headers)
                if answer.status_code != 200 or "insertErrors" in answer.json():
                    raise SystemExit(answer.text[:500])

        insert()
        [taken] = in_turn(_ROUNDS, insert)
    rates = tuple(INSERTED / each for each in taken)
    return Figure(f"BigQuery, insertAll of {INSERTED_AT_ONCE:,} rows", rates, 20_000, unit="rows/s")


def _writing(channel: grpc.Channel) -> Figure:
    """AppendRows on the default stream, all requests under way before the first answer; they are made before."""
    client = bigquery_storage_v1.BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))
    message, described = _message()
    serialized = [message(**_row(number)).SerializeToString() for number in range(WRITTEN_AT_ONCE)]
    data = types.AppendRowsRequest.ProtoData(
        writer_schema=types.ProtoSchema(proto_descriptor=described), rows=types.ProtoRows(serialized_rows=serialized)
    )
    name = f"projects/{PROJECT}/datasets/benchmark/tables/written/streams/_default"
    request = types.AppendRowsRequest(write_stream=name, proto_rows=data)

    def write() -> None:
        answers = client.append_rows(iter([request] * (WRITTEN // WRITTEN_AT_ONCE)))
        if any(answer.error.code for answer in answers):
            raise SystemExit("AppendRows was refused.")

    write()
    rates = tuple(WRITTEN / timed(write) for _ in range(_ROUNDS))
    return Figure(f"BigQuery, AppendRows of {WRITTEN_AT_ONCE:,} rows", rates, 100_000, unit="rows/s")


def _reading(channel: grpc.Channel, places: Places) -> Figure:
    """A session of one stream read to a table of Arrow, beside DuckDB's rows written as Arrow and read again."""
    client = bigquery_storage_v1.BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
    table = f"projects/{PROJECT}/datasets/benchmark/tables/films"
    wanted = types.ReadSession(table=table, data_format=types.DataFormat.ARROW)
    other = bare(places.results)
    other.execute(f"CREATE TABLE benchmark.films AS {films('duckdb', READ)}")

    def ours() -> int:
        session = client.create_read_session(parent=f"projects/{PROJECT}", read_session=wanted, max_stream_count=1)
        return int(client.read_rows(session.streams[0].name).to_arrow(session).num_rows)

    def theirs() -> int:
        file = io.BytesIO()
        found: pa.RecordBatchReader = other.sql("SELECT * FROM benchmark.films").to_arrow_reader()
        with pa.ipc.new_stream(file, found.schema) as stream:
            for batch in found:
                stream.write_batch(batch)
        return int(pa.ipc.open_stream(file.getvalue()).read_all().num_rows)

    if (ours(), theirs()) != (READ, READ):
        raise SystemExit("Not all rows were read.")
    mine, others = in_turn(_READ_ROUNDS, ours, theirs)
    ratios = tuple(theirs / ours for ours, theirs in zip(mine, others, strict=True))
    return Figure("BigQuery, rows read as Arrow, beside DuckDB's in this process", ratios, 0.5)


def _row(number: int) -> dict[str, Any]:
    return {"patient": number, "study": f"1.2.840.{number}", "bytes": number * 7919}


def _message() -> tuple[Any, descriptor_pb2.DescriptorProto]:
    """The class of rows as protocol buffers, and what describes it."""
    described = descriptor_pb2.DescriptorProto(name="Row")
    for number, (name, kind) in enumerate(_COLUMNS.items(), 1):
        described.field.add(name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="rows.proto", syntax="proto2", message_type=[described])
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Row")), described


@contextmanager
def _channel(running: Running) -> Iterator[grpc.Channel]:
    """Plain text and without a token, as the emulator's own account; messages of any size."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(running.grpc_address, options=options) as channel:
        grpc.channel_ready_future(channel).result(60)
        yield channel
