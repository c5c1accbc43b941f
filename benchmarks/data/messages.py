"""Pub/Sub: waits at a steady rate, throughput in batches, and the memory of a backlog of a million messages."""

import time
from collections.abc import Iterator
from typing import Any

from benchmarks.data.pubsub import Client, connected, published, receiving
from benchmarks.figures import Figure, timed
from benchmarks.running import Running, running_emulator
from scripts.demonstration.places import Places

RATE, SECONDS = 1000, 10
BULK, BATCH = 60_000, 1000
BACKLOG = 1_000_000
_ROUNDS = 3
_WAIT_MS, _RATE_GOAL, _MEMORY_MB = 20.0, 20_000.0, 50.0


def messages(places: Places) -> list[Figure]:
    """Waits at 1,000 a second, one and ten a call; rates in calls of 1,000; memory with a backlog."""
    with running_emulator(places, "messages") as running, connected(running) as client:
        waits = [_waits(running, client, size) for size in (1, 10)]
        return [*waits, *_bulk(running, client), *_backlog(running, client)]


def _waits(running: Running, client: Client, size: int) -> Figure:
    """The p95 from publishing to delivery, in rounds, at a rate that does not wait for answers."""
    name = f"steady-{size}"
    client.make(name)
    taken = tuple(_steady(running, client, name, size) for _ in range(_ROUNDS))
    what = f"Pub/Sub, p95 from publishing to delivery at {RATE:,} a second, {size} a call"
    return Figure(what, taken, _WAIT_MS, more_is_better=False, unit="ms")


def _steady(running: Running, client: Client, name: str, size: int) -> float:
    with receiving(running, name, RATE * SECONDS) as receiver:
        start, under_way = time.monotonic(), []
        for number in range(RATE * SECONDS // size):
            time.sleep(max(0.0, start + number * size / RATE - time.monotonic()))
            under_way.append(client.publish(name, size))
        for call in under_way:
            call.result()
        waits = sorted(arrived - published(data) for arrived, data in receiver.recv())
    return float(waits[int(len(waits) * 0.95)]) * 1000


def _bulk(running: Running, client: Client) -> Iterator[Figure]:
    """Messages a second: published, and meanwhile delivered and acknowledged."""
    client.make("bulk")
    rates, delivered, busy = [], [], running.processor_seconds()
    for _ in range(_ROUNDS):
        with receiving(running, "bulk", BULK) as receiver:
            start = time.monotonic()
            rates.append(BULK / timed(lambda: _publish(client, "bulk", BULK)))
            delivered.append(BULK / (receiver.recv()[-1][0] - start))
    yield Figure("Pub/Sub, published in calls of 1,000", tuple(rates), _RATE_GOAL, unit="/s")
    each = (running.processor_seconds() - busy) / _ROUNDS / BULK * 1e6
    note = f"{each:.0f} microseconds of the server's processor for each"
    yield Figure("Pub/Sub, published, delivered and acknowledged", tuple(delivered), _RATE_GOAL, unit="/s", note=note)


def _publish(client: Client, name: str, count: int) -> None:
    """Publish in calls of 1,000, of which four are under way at a time."""
    under_way: list[Any] = []
    for _ in range(count // BATCH):
        if len(under_way) == 4:
            under_way.pop(0).result()
        under_way.append(client.publish(name, BATCH))
    for call in under_way:
        call.result()


def _backlog(running: Running, client: Client) -> Iterator[Figure]:
    """How much more memory the server holds at most while a backlog grows, and while its first part is delivered."""
    client.make("backlog")
    _publish(client, "backlog", BATCH)
    list(client.receive("backlog", BATCH))
    running.forget_peak()
    before = running.resident_megabytes()
    rate = BACKLOG / timed(lambda: _publish(client, "backlog", BACKLOG))
    with receiving(running, "backlog", BACKLOG // 10) as receiver:
        started = time.monotonic()
        delivered = BACKLOG // 10 / (receiver.recv()[-1][0] - started)
    more = running.peak_megabytes() - before
    note = f"{rate:,.0f}/s in, {delivered:,.0f}/s out"
    what = f"Pub/Sub, memory for a backlog of {BACKLOG:,}"
    yield Figure(what, (more,), _MEMORY_MB, more_is_better=False, unit="MB", note=note)
