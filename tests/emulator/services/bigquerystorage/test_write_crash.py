"""kill -9 while rows are appended: what was acknowledged is there, and offsets make each row come once.

KILL_ROUNDS=50 is the thorough form.
"""

import contextlib
import os
import threading
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.bigquery_storage_v1 import types

from tests.conftest import StartEmulator
from tests.support import storage_api
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.storage_api import PROTO, appending, descriptor, message_class, rows

ROUNDS = int(os.environ.get("KILL_ROUNDS", "1"))
ROW = descriptor("Row", ("x", PROTO.TYPE_INT64))
Row = message_class(ROW)
BEFORE_THE_KILL = 5  # answers


def post(emulator: RunningEmulator, path: str, body: Any) -> Any:
    return ask(emulator, "POST", f"/bigquery/v2/projects/{emulator.project}/{path}", body)


def query(emulator: RunningEmulator, sql: str) -> list[int]:
    answer = post(emulator, "queries", {"query": sql, "useLegacySql": False, "timeoutMs": 200_000})
    return [int(row["f"][0]["v"]) for row in answer.get("rows", [])]


def append_until_killed(emulator: RunningEmulator, stream: str, first: int) -> int:
    """Append the numbers from `first` on at their offsets, kill the emulator meanwhile; gives how many were stored.

    They are all those up to the last that was acknowledged, whether now or by a round before.
    """
    answered, stored = threading.Event(), first
    killer = threading.Thread(target=lambda: (answered.wait(), emulator.kill()))
    killer.start()
    with storage_api.channel(emulator) as channel, contextlib.suppress(exceptions.GoogleAPICallError):
        requests = (rows([Row(x=number)], offset=number) for number in range(first, first + 100_000))
        for answer in storage_api.writing(channel).append_rows(_begun(requests, stream)):
            assert answer.error.code in (0, 6), answer
            stored += 1
            if stored >= first + BEFORE_THE_KILL:
                answered.set()
    answered.set()
    killer.join()
    return stored


def _begun(requests: Any, stream: str) -> Any:
    first = next(requests)
    first.write_stream = stream
    first.proto_rows.writer_schema = types.ProtoSchema(proto_descriptor=ROW)
    yield first
    yield from requests


@pytest.mark.crash
def test_acknowledged_rows_survive_and_none_comes_twice(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    post(emulator, "datasets", {"datasetReference": {"datasetId": "d"}})
    query(emulator, "CREATE TABLE d.t (x INT64)")
    table = f"projects/{emulator.project}/datasets/d/tables/t"
    with storage_api.channel(emulator) as channel:
        wanted = types.WriteStream(type_=types.WriteStream.Type.COMMITTED)
        stream = storage_api.writing(channel).create_write_stream(parent=table, write_stream=wanted).name
    stored = 0
    for _ in range(ROUNDS):
        stored = append_until_killed(emulator, stream, stored)
        emulator.start()
        found = query(emulator, "SELECT x FROM d.t ORDER BY x")
        assert found == list(range(len(found)))
        assert len(found) >= stored


@pytest.mark.crash
def test_rows_of_a_pending_stream_wait_for_their_commit_over_a_kill(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    post(emulator, "datasets", {"datasetReference": {"datasetId": "d"}})
    query(emulator, "CREATE TABLE d.t (x INT64)")
    table = f"projects/{emulator.project}/datasets/d/tables/t"
    with storage_api.channel(emulator) as channel:
        client = storage_api.writing(channel)
        wanted = types.WriteStream(type_=types.WriteStream.Type.PENDING)
        stream = client.create_write_stream(parent=table, write_stream=wanted).name
        with appending(client, stream, ROW) as writer:
            writer.send(rows([Row(x=1), Row(x=2)], offset=0)).result()
    emulator.kill()
    emulator.start()
    with storage_api.channel(emulator) as channel:
        client = storage_api.writing(channel)
        assert query(emulator, "SELECT x FROM d.t") == []
        assert client.finalize_write_stream(name=stream).row_count == 2
        assert client.batch_commit_write_streams(request={"parent": table, "write_streams": [stream]}).commit_time
    assert query(emulator, "SELECT x FROM d.t ORDER BY x") == [1, 2]
