"""What goes wrong in Pub/Sub: wrong durations, a disk that is full, streams whose subscription or right ends."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.pubsub_v1 import types

from emulator.services.pubsub import retention
from emulator.services.pubsub.broker import SUBSCRIPTIONS, broker
from emulator.services.pubsub.queues import Stream
from emulator.services.pubsub.store import NewMessage
from emulator.state.database import Database
from tests.emulator.conftest import InProcess
from tests.support.patience import PATIENCE

TOPIC = "projects/unit-project/topics/topic"
DEAD = "projects/unit-project/topics/dead"
NAME = "projects/unit-project/subscriptions/subscription"
Rest = Callable[..., tuple[int, Any]]


@pytest.fixture
def rest(in_process: InProcess) -> Rest:
    """Calls a REST method as the owner; with a topic and a subscription there."""
    import httpx

    from emulator.serving.asgi import Application

    application: Any = Application(in_process.emulator)

    def call(http: str, path: str, body: Any = None) -> tuple[int, Any]:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=application)
            headers = {"authorization": f"Bearer {in_process.emulator.authenticator.owner_token}"}
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9470") as client:
                return await client.request(http, f"/v1/{path}", json=body, headers=headers)

        answer = in_process.run(send())
        return answer.status_code, answer.json()

    assert call("PUT", TOPIC, {})[0] == 200
    assert call("PUT", DEAD, {})[0] == 200
    assert call("PUT", NAME, {"topic": TOPIC})[0] == 200
    return call


RETENTION = ["abc", "-5s", "600", "nans", "infs", "1e3s", "599s", "2678401s"]
BACKOFF = ["abc", "-1s", "600.5s"]
WRONG = [
    *({"messageRetentionDuration": text} for text in RETENTION),
    *({"retryPolicy": {"minimumBackoff": text}} for text in BACKOFF),
    *({"retryPolicy": {"maximumBackoff": text}} for text in BACKOFF),
    {"expirationPolicy": {"ttl": "-86400s"}},
    {"expirationPolicy": {"ttl": "soon"}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_durations_are_checked_at_create_and_patch(rest: Rest, wrong: dict[str, Any]) -> None:
    assert rest("PUT", f"{NAME}-wrong", {"topic": TOPIC, **wrong})[0] == 400
    assert rest("PATCH", f"{NAME}?updateMask={next(iter(wrong))}", {"subscription": wrong})[0] == 400
    if "messageRetentionDuration" in wrong:
        assert rest("PUT", f"{TOPIC}-wrong", wrong)[0] == 400
        assert rest("PATCH", f"{TOPIC}?updateMask=messageRetentionDuration", {"topic": wrong})[0] == 400


def test_durations_within_bounds_are_kept(rest: Rest) -> None:
    body = {
        "messageRetentionDuration": "86400s",
        "retryPolicy": {"minimumBackoff": "0s", "maximumBackoff": "600s"},
        "expirationPolicy": {"ttl": "86400s"},
    }
    status, made = rest("PUT", f"{NAME}-right", {"topic": TOPIC, **body})
    assert (status, {key: made[key] for key in body}) == (200, body)
    assert rest("PUT", f"{NAME}-forever", {"topic": TOPIC, "expirationPolicy": {}})[0] == 200


def test_a_subscription_lives_as_long_as_its_messages(rest: Rest) -> None:
    """https://cloud.google.com/pubsub/docs/subscription-properties#expiration_period"""
    short = {"messageRetentionDuration": "172800s", "expirationPolicy": {"ttl": "86400s"}}
    assert rest("PUT", f"{NAME}-short", {"topic": TOPIC, **short})[0] == 400
    assert rest("PUT", f"{NAME}-short", {"topic": TOPIC, "expirationPolicy": {"ttl": "604799s"}})[0] == 400
    longest = {"messageRetentionDuration": "2678400s"}
    assert rest("PUT", f"{NAME}-long", {"topic": TOPIC, **longest})[0] == 200
    policy = {"expirationPolicy": {"ttl": "2678399s"}}
    assert rest("PATCH", f"{NAME}-long?updateMask=expirationPolicy", {"subscription": policy})[0] == 400


def test_the_clock_goes_on_after_a_step_that_fails(
    in_process: InProcess, rest: Rest, caplog: pytest.LogCaptureFixture
) -> None:
    """A retention that an older version took: its subscription is passed over, leases still run out."""
    messages = broker(in_process.emulator)
    bad = {"topic": TOPIC, "messageRetentionDuration": "abc"}
    in_process.write(lambda tx: in_process.emulator.resources.replace(tx, SUBSCRIPTIONS, NAME, bad))
    assert rest("PUT", f"{NAME}-other", {"topic": TOPIC})[0] == 200
    in_process.run(messages.publish(TOPIC, [NewMessage(b"x")]))
    in_process.run(retention.tick(in_process.emulator))
    assert "a step failed" in caplog.text
    [(lease, _)] = in_process.run(messages.pull(f"{NAME}-other", 1, 0.0))
    lease.deadline = 0.0
    [(again, _)] = in_process.run(messages.pull(f"{NAME}-other", 1, 5.0))
    assert again.entry is lease.entry


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Database, "write", fail)


@pytest.mark.parametrize("how", ["acknowledge", "give back", "dead letter"])
def test_a_write_that_fails_loses_no_message(
    in_process: InProcess, rest: Rest, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    messages = broker(in_process.emulator)
    if how == "dead letter":
        policy = {"deadLetterPolicy": {"deadLetterTopic": DEAD, "maxDeliveryAttempts": 5}}
        assert rest("PATCH", f"{NAME}?updateMask=deadLetterPolicy", {"subscription": policy})[0] == 200
        monkeypatch.setattr(in_process.emulator.policies, "allows", lambda *_: True)
    in_process.run(messages.publish(TOPIC, [NewMessage(b"x")]))
    [(lease, _)] = in_process.run(messages.pull(NAME, 1, 1.0))
    lease.entry.attempts = 5
    work: Awaitable[object] = (
        messages.acknowledge(NAME, [lease.ack_id])
        if how == "acknowledge"
        else messages.modify_deadline(NAME, [lease.ack_id], 0)
    )
    with monkeypatch.context() as patch:
        full_disk(patch)
        with pytest.raises(sqlite3.OperationalError):
            in_process.run(work)
    [(again, _)] = in_process.run(messages.pull(NAME, 1, 0.0))
    assert again.entry is lease.entry


def streaming_pull(
    in_process: InProcess, meanwhile: Callable[[], Awaitable[object]], token: str = "", ack: str = ""
) -> tuple[grpc.StatusCode, str]:
    """The status with which a streaming pull ends; `meanwhile` runs once its first message has come."""
    begun = asyncio.Event()

    async def requests() -> AsyncIterator[Any]:
        kind = types.StreamingPullRequest
        yield kind.pb(kind(subscription=NAME, stream_ack_deadline_seconds=10))
        await begun.wait()
        await meanwhile()
        if ack:
            yield kind.pb(kind(ack_ids=[ack]))
        await asyncio.sleep(PATIENCE)

    async def pull() -> tuple[grpc.StatusCode, str]:
        await broker(in_process.emulator).publish(TOPIC, [NewMessage(b"first", {})])
        address = f"127.0.0.1:{in_process.settings.grpc_port}"
        async with grpc.aio.insecure_channel(address) as channel:
            await asyncio.wait_for(channel.channel_ready(), PATIENCE)
            method = channel.stream_stream(
                "/google.pubsub.v1.Subscriber/StreamingPull",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=types.StreamingPullResponse.pb().FromString,
            )
            metadata = (("authorization", f"Bearer {token}"),) if token else None
            stream = method(requests(), metadata=metadata, timeout=PATIENCE)
            try:
                async for _ in stream:
                    begun.set()
            except grpc.aio.AioRpcError as error:
                return error.code(), error.details() or ""
            return grpc.StatusCode.OK, ""

    return in_process.run(pull())


async def nothing() -> None:
    """What happens meanwhile, mostly."""


def test_a_streaming_pull_ends_with_its_subscription(in_process: InProcess, rest: Rest) -> None:
    del rest
    emulator = in_process.emulator

    async def delete() -> None:
        await emulator.db.write(lambda tx: emulator.resources.delete(tx, SUBSCRIPTIONS, NAME))
        broker(emulator).forget(NAME)

    code, message = streaming_pull(in_process, delete)
    assert (code, message) == (grpc.StatusCode.NOT_FOUND, "Resource not found (resource=subscription).")


def test_a_streaming_pull_ends_with_the_right_to_it(in_process: InProcess, rest: Rest) -> None:
    emulator = in_process.emulator
    assert rest("POST", "projects/unit-project/serviceAccounts", {"accountId": "reader"})[0] == 200
    email = "reader@unit-project.iam.gserviceaccount.com"
    binding = {"role": "roles/pubsub.subscriber", "members": [f"serviceAccount:{email}"]}
    assert rest("POST", f"{NAME}:setIamPolicy", {"policy": {"bindings": [binding]}})[0] == 200

    async def revoke() -> None:
        await emulator.db.write(emulator.policies.set, NAME, {"bindings": []})

    code, _ = streaming_pull(in_process, revoke, emulator.authenticator.issue(email))
    assert code is grpc.StatusCode.PERMISSION_DENIED


def test_an_acknowledgement_that_fails_ends_the_stream(
    in_process: InProcess, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    del rest

    async def fill() -> None:
        full_disk(monkeypatch)

    code, message = streaming_pull(in_process, fill, ack="1-1-1")
    monkeypatch.undo()
    assert (code, message) == (grpc.StatusCode.INTERNAL, "Internal error encountered.")


@pytest.mark.parametrize("token", ["emu.x", "emu.x.y", "emu.x.y.z", "a.b.c", "nobody"])
def test_a_malformed_token_is_unauthenticated(in_process: InProcess, rest: Rest, token: str) -> None:
    del rest
    assert streaming_pull(in_process, nothing, token)[0] is grpc.StatusCode.UNAUTHENTICATED


def test_a_stream_that_nobody_reads_does_not_get_the_same_message_again_and_again(
    in_process: InProcess, rest: Rest
) -> None:
    """Google's client may leave one behind when it reconnects; its messages go to another one at their next turn."""
    assert rest("POST", f"{TOPIC}:publish", {"messages": [{"data": "eA=="}]})[0] == 200

    async def story() -> bool:
        messages, unread, other = broker(in_process.emulator), Stream(limit=1), Stream(limit=1)
        assert len(await messages.stream(NAME, unread, 10, lambda: None)) == 1
        waiting = [asyncio.create_task(messages.stream(NAME, each, 10, lambda: None)) for each in (unread, other)]
        await asyncio.sleep(0)  # until both wait
        queue, later = messages.queue(NAME), in_process.emulator.clock.seconds() + 11
        queue.give_back(queue.tick(later), later)
        first, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        return first == {waiting[1]}

    assert in_process.run(story())
