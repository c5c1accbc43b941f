"""Queries in a session: what it has is there when a query starts, and what the query leaves is kept.

A transaction that is open lives on in memory, and is rolled back where the emulator stops.
https://cloud.google.com/bigquery/docs/sessions-write-queries
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery import errors
from emulator.services.bigquery.jobs import kept_sessions
from emulator.services.bigquery.jobs.kept_sessions import KeptSession
from emulator.services.bigquery.jobs.session import Session, default_dataset
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql.errors import Interrupted
from emulator.services.bigquery.sql.plans import Variable

if TYPE_CHECKING:
    from emulator.context import Context

OPEN = "bigquery.sessions"
MAX_VARIABLE, MAX_VARIABLES = 1 << 20, 10 << 20  # BigQuery: bytes of a session variable, and of all of a session


@dataclass
class _Open:
    """The sessions of one emulator that a query is in, and others that have a transaction open, by their ids."""

    running: dict[str, Session] = field(default_factory=dict)
    idle: dict[str, Session] = field(default_factory=dict)


def _open(context: Context) -> _Open:
    found: _Open = context.extensions.setdefault(OPEN, _Open())
    return found


def asked(configuration: Mapping[str, Any]) -> str:
    """The session that the configuration of a query job names, or ""."""
    properties = configuration.get("connectionProperties") or []
    return next((str(each.get("value") or "") for each in properties if each.get("key") == "session_id"), "")


def location(context: Context, configuration: Mapping[str, Any]) -> str:
    """Where the session is that a query job names, which runs there; "" where it names none that there is."""
    found = kept_sessions.find(context, asked(configuration)) if asked(configuration) else None
    return "" if found is None else found.location


def opened_by(context: Context, job: Job) -> KeptSession | None:
    """The new session that a job asks for, to be kept with it; the job's statistics name its session from now on.

    Raises 400 where it names another one, too.
    """
    if job.kind != "query":
        return None
    named, made = asked(job.configuration), job.configuration.get("createSession")
    if named and made:
        raise errors.invalid("A query has createSession or the connection property session_id, not both.")
    identifier = context.ids.hex(48) if made else named
    if identifier:
        job.statistics["sessionInfo"] = {"sessionId": identifier}
    if not made:
        return None
    return KeptSession(identifier, job.project, job.principal, job.location, job.created, job.created, 0, {})


@contextlib.asynccontextmanager
async def entered(session: Session) -> AsyncIterator[None]:
    """Run a query in the session that its job names, if it names one.

    Raises 400 where another query is in it, 403 where it is somebody else's, 404 where there is none.
    """
    if not session.id:
        yield
        return
    await session.job.kept()
    await _end_expired(session.context)
    known = _open(session.context)
    kept = _usable(session)
    if session.id in known.running:
        raise errors.invalid("Concurrent jobs in the same session are not allowed.")
    known.running[session.id] = session
    try:
        take_over(session, kept)
        known.idle.pop(session.id, None)
        variables = dict(session.frame.scopes[0])
        try:
            yield
            _check_sizes(session)
        except BaseException:
            await session.roll_back()
            raise
        finally:
            session.frames = session.frames[:1]
            if _too_large(session):
                session.frame.scopes = [variables]
            await _leave(session)
    finally:
        del known.running[session.id]


def _usable(session: Session) -> KeptSession:
    context, job = session.context, session.job
    found = kept_sessions.find(context, session.id)
    if found is None or found.project != job.project or found.location.lower() != job.location.lower():
        raise errors.error("notFound", f"Not found: Session {session.id} in project {job.project}, {job.location}")
    if found.principal != job.principal:
        raise errors.error("accessDenied", f"Access Denied: Session {session.id}: it is of another user.")
    if found.expires <= _now(context):
        raise errors.error("notFound", f"Not found: Session {session.id} has ended; create a new one.")
    return found


async def _end_expired(context: Context) -> None:
    """End the sessions that nobody has used for too long, with the transactions that they have open."""
    idle = _open(context).idle
    for identifier in list(idle):
        found = kept_sessions.find(context, identifier)
        if found is None or found.expires <= _now(context):
            await idle.pop(identifier).roll_back()
            await context.db.write(kept_sessions.end_in, identifier, found.expires if found else 0)


@SERVICE.on_stop
async def _forget(context: Context) -> None:
    context.extensions.pop(OPEN, None)


def _now(context: Context) -> int:
    return int(context.clock.seconds() * 1000)


def take_over(session: Session, kept: KeptSession) -> None:
    """Give a query what its session has."""
    before, state = _open(session.context).idle.get(session.id), kept.state
    if before is not None:
        session.temporary, session.transaction = before.temporary, before.transaction
    else:
        session.temporary = {result.name.table: result for result in kept.tables}
    session.functions = list(state.get("functions", ()))
    session.labels = {**state.get("labels", {}), **session.labels}
    variables = [Variable(each["name"], each["field"], each["value"]) for each in state.get("variables", ())]
    session.frame.scopes[0] = {variable.name.lower(): variable for variable in variables}
    if (dataset := state.get("dataset")) and session.set_dataset is None:
        session.set_dataset = DatasetName.from_reference(dataset, session.job.project)
        if session.defaults.dataset is None:
            session.defaults = default_dataset(session, session.set_dataset.project, session.set_dataset.dataset)


def dry(session: Session) -> None:
    """Give a query that is only checked what its session has. Raises 403 and 404."""
    if session.id:
        take_over(session, _usable(session))


async def _leave(session: Session) -> None:
    """Keep what a query leaves, durably; or end the session where it asked for that."""
    context, job = session.context, session.job
    if session.aborted:
        await session.roll_back()
        await context.db.write(kept_sessions.end_in, session.id, _now(context))
        return
    await context.db.write(kept_sessions.save_in, session.id, _now(context), _state(session))
    if session.transaction is not None:
        job.statistics["transactionInfo"] = {"transactionId": session.transaction.id}
        _open(context).idle[session.id] = session


def _state(session: Session) -> dict[str, Any]:
    """What a session keeps: of temporary tables, while a transaction is open, those from before it."""
    transaction, dataset = session.transaction, session.set_dataset
    tables = session.temporary if transaction is None else transaction.temporary_before
    return {
        "functions": session.functions,
        "variables": [
            {"name": each.name, "field": each.field, "value": each.value} for each in session.frame.scopes[0].values()
        ],
        "labels": session.labels,
        "dataset": dataset.reference if dataset else None,
        "tables": [kept_sessions.table_state(result) for result in tables.values()],
    }


def _sizes(session: Session) -> list[int]:
    return [len(orjson.dumps(variable.value)) for variable in session.frame.scopes[0].values()]


def _too_large(session: Session) -> bool:
    sizes = _sizes(session)
    return max(sizes, default=0) > MAX_VARIABLE or sum(sizes) > MAX_VARIABLES


def _check_sizes(session: Session) -> None:
    if _too_large(session):
        raise errors.error("invalidQuery", "A variable of a session has 1 MB at most, and all of them 10 MB.")


async def abort(session: Session, identifier: str) -> None:
    """End a session, "" being the one that the query is in. Raises 400, 403 and 404.

    A query that runs in it is stopped. https://cloud.google.com/bigquery/docs/sessions#terminate-session
    """
    context, job = session.context, session.job
    wanted = identifier or session.id
    if not wanted:
        raise errors.error("invalidQuery", "BQ.ABORT_SESSION takes the id of a session where the query is in none.")
    if wanted == session.id:
        session.aborted = True
        return
    found = kept_sessions.find(context, wanted)
    if found is None or found.project != job.project or found.expires <= _now(context):
        raise errors.error("notFound", f"Not found: Session {wanted}")
    permission = "bigquery.jobs.update"
    if found.principal != job.principal and not context.policies.allows(
        job.principal, permission, f"projects/{job.project}"
    ):
        raise errors.access_denied("Session", wanted, permission)
    running = _open(context).running.get(wanted)
    if running is not None:
        running.aborted = True
        running.ticket.cancel(Interrupted("The session of the query was terminated."))
        return
    idle = _open(context).idle.pop(wanted, None)
    if idle is not None:
        await idle.roll_back()
    await context.db.write(kept_sessions.end_in, wanted, _now(context))
