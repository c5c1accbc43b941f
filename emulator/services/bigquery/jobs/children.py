"""Child jobs: one for each statement of a script, and for each expression of it that reads tables.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#scriptstatistics
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

from emulator.errors import ApiError
from emulator.services.bigquery.jobs import ending, store
from emulator.services.bigquery.jobs.session import Session
from emulator.services.bigquery.jobs.store import RUNNING, Job
from emulator.services.bigquery.sql.blocks import Fragment
from emulator.services.bigquery.sql.plans import Script


async def start(session: Session, sql: Fragment, script: Script, kind: str) -> Job:
    """A child job that runs, kept durably. kind is its evaluationKind."""
    session.children += 1
    parent = session.job
    named = hashlib.sha256(parent.key.encode()).hexdigest()[:32]
    query: dict[str, Any] = {"query": sql.text, "useLegacySql": False, "priority": "INTERACTIVE"}
    if script.parameters:
        query["queryParameters"] = script.parameters
    if script.defaults.dataset is not None:
        query["defaultDataset"] = script.defaults.dataset.reference
    configuration: dict[str, Any] = {"query": query}
    if session.labels:
        configuration["labels"] = dict(session.labels)
    reference = {"jobId": f"script_job_{named}_{session.children}", "location": parent.location}
    child = store.new(
        session.context, parent.project, {"configuration": configuration, "jobReference": reference}, parent.principal
    )
    child.state = RUNNING
    child.body["status"]["state"] = RUNNING
    child.statistics.update(
        startTime=str(child.created),
        parentJobId=parent.id,
        scriptStatistics={"evaluationKind": kind, "stackFrames": _frames(session, sql)},
    )
    if "sessionInfo" in parent.statistics:
        child.statistics["sessionInfo"] = parent.statistics["sessionInfo"]
    if session.transaction is not None:
        child.statistics["transactionInfo"] = {"transactionId": session.transaction.id}

    def keep(tx: sqlite3.Connection) -> None:
        store.insert_in(tx, child, store.row_of(child))
        store.insert_child_in(tx, child, parent)

    await session.context.db.write(keep)
    return child


def _frames(session: Session, sql: Fragment) -> list[dict[str, Any]]:
    return [frame(sql), *session.calls]


def frame(sql: Fragment) -> dict[str, Any]:
    """Where a statement stands, as a ScriptStackFrame."""
    place = sql.place
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
        "text": sql.text,
    }


async def end(session: Session, child: Job, problem: ApiError | None) -> None:
    """Give a child job its end; what it read counts for the script."""
    ending.finish(session.context, child, problem)
    session.processed += int(child.statistics.get("totalBytesProcessed", 0))
    await session.context.db.write(store.save_in, child)
