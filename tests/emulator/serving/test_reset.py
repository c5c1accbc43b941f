"""POST /_emulator/reset: answered once the state is empty, whatever was under way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx
import pytest
from google.pubsub_v1 import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually


@pytest.fixture
def running(start_emulator: StartEmulator) -> RunningEmulator:
    return start_emulator()


def call(running: RunningEmulator, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {running.owner_token}"}
    return httpx.request(method, running.base_url + path, json=body, headers=headers, timeout=PATIENCE)


def reset(running: RunningEmulator) -> None:
    assert call(running, "POST", "/_emulator/reset").json() == {}


def topic(running: RunningEmulator, name: str = "lost") -> str:
    return f"/v1/projects/{running.project}/topics/{name}"


def test_the_state_is_empty_when_it_answers_and_survives_a_kill(running: RunningEmulator) -> None:
    process = running.process
    assert process is not None
    assert call(running, "PUT", topic(running), {}).status_code == 200
    call(running, "POST", f"/storage/v1/b?project={running.project}", {"name": "lost-bucket"})
    reset(running)
    assert process.poll() is None
    assert call(running, "GET", topic(running)).status_code == 404
    assert call(running, "GET", "/storage/v1/b/lost-bucket").status_code == 404
    assert call(running, "PUT", topic(running, "kept"), {}).status_code == 200
    running.kill()
    running.start()
    assert call(running, "GET", topic(running)).status_code == 404
    assert call(running, "GET", topic(running, "kept")).status_code == 200


def test_a_call_that_waits_is_answered_at_once(running: RunningEmulator) -> None:
    call(running, "POST", "/_emulator/faults", {"method": "storage.buckets.list", "delay": 3600})
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(call, running, "GET", f"/storage/v1/b?project={running.project}")
        faults = "/_emulator/faults"
        eventually(lambda: any(shown["calls"] for shown in call(running, "GET", faults).json()["faults"]))
        reset(running)
        answer = waiting.result(PATIENCE)
    assert answer.status_code == 503
    assert "state was changed" in answer.json()["error"]["message"]
    assert call(running, "GET", faults).json() == {"faults": []}


def test_calls_that_come_meanwhile_wait_for_it(running: RunningEmulator) -> None:
    stop = threading.Event()

    def ask() -> set[int]:
        seen = set()
        while not stop.is_set():
            seen.add(call(running, "GET", topic(running)).status_code)
        return seen

    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        for _ in range(3):
            reset(running)
        stop.set()
        assert {status for seen in asking for status in seen.result(PATIENCE)} <= {404, 503}


def test_two_resets_at_a_time(running: RunningEmulator) -> None:
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(reset, running) for _ in range(2)]:
            done.result(PATIENCE)
    assert call(running, "PUT", topic(running), {}).status_code == 200


def test_grpc_answers_again_at_the_same_address(running: RunningEmulator) -> None:
    name = f"projects/{running.project}/topics/grpc"
    with grpc.insecure_channel(running.grpc_address) as channel:
        grpc.channel_ready_future(channel).result(PATIENCE)
    reset(running)
    with grpc.insecure_channel(running.grpc_address) as channel:
        client = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        assert client.create_topic(name=name, retry=None).name == name
