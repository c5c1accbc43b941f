"""Export to Pub/Sub: the names of messages, published as the service agent may (PubsubDestination)."""

import asyncio
import sqlite3

from emulator.context import Job
from emulator.errors import ApiError
from emulator.services.healthcare import agent
from emulator.services.healthcare.hl7v2.stored import Json, Row
from emulator.services.healthcare.hl7v2.transfer.selection import Selection
from emulator.services.healthcare.stores import settings
from emulator.services.healthcare.transfer import steps
from emulator.services.pubsub import api


def check(given: Json, _store: str) -> None:
    """Raise 400 for a topic that is none."""
    settings.check_topic(given.get("pubsubTopic") or "")


async def run(job: Job) -> None:
    """Publish the names, some at a time; 403 and 404 where the agent may not publish, or there is no topic."""
    selected = await asyncio.to_thread(Selection.of, job)
    topic, after = job.payload["pubsubDestination"]["pubsubTopic"], job.checkpoint.get("after", 0)
    if not after:
        job.counter["pending"] = await asyncio.to_thread(selected.count)
    batches = selected.batches(after)
    while batch := await asyncio.to_thread(next, batches, None):
        job.check_cancelled()
        await steps.commit(job, _publish, topic, batch)


def _publish(tx: sqlite3.Connection, job: Job, topic: str, rows: list[Row]) -> None:
    """Publish names and move the checkpoint: all or nothing."""
    store, context = job.payload["store"], job.context
    messages = [(f"{store}/messages/{row.id}".encode(), {"msgType": row.type}) for row in rows]
    problem = api.publish_as(tx, context, agent.principal(context, store), topic, messages)
    if problem is not None:
        raise _worded(problem)
    steps.count(job, len(rows), 0, len(rows))
    job.checkpoint = {"after": rows[-1].number}
    job.save_in(tx)


def _worded(problem: ApiError) -> ApiError:
    return agent.lacks_permission("Pub/Sub") if problem.code == 403 else problem
