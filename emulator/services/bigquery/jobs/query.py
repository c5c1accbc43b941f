"""Query jobs: one statement, or a script of several.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, decorators, errors, external, warehouse
from emulator.services.bigquery.jobs import (
    commit,
    kept_sessions,
    reads,
    results,
    script,
    sessions,
    statement,
    values,
)
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.jobs.session import Session
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql import scripts
from emulator.services.bigquery.sql.blocks import Node, Statement
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.plans import Plan, Script, Variable

if TYPE_CHECKING:
    from emulator.context import Context

REFUSED = ("userDefinedFunctionResources", "scriptOptions", "continuous")
PROPERTIES = ("dataset_project_id", "query_label", "session_id", "time_zone")  # of a connection
CONTROL = re.compile(  # a text of one statement that may be a script all the same
    r"(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*"
    r"(?:\w+\s*:|(?:ASSERT|BEGIN|BREAK|CALL|CASE|COMMIT|CONTINUE|DECLARE|EXECUTE|FOR|IF|ITERATE|LEAVE|LOOP|RAISE|REPEAT"
    r"|RETURN|ROLLBACK|SET|WHILE)\b)",
    re.IGNORECASE | re.DOTALL,
)
MAX_LENGTH = 1 << 20  # BigQuery: maximum length of an unresolved GoogleSQL query


async def run(context: Context, job: Job, ticket: Ticket) -> None:
    """Run a query job; what came out is in its configuration and statistics."""
    session = _session(context, job, ticket)
    async with sessions.entered(session):
        await _run(session)


async def _run(session: Session) -> None:
    job, read = session.job, _script(session)
    if session.labels:
        job.body["configuration"]["labels"] = {**session.labels, **job.body["configuration"].get("labels", {})}
    nodes = await _nodes(session, read.text)
    if nodes:
        if job.configuration.get("tableDefinitions"):
            raise errors.error("notImplemented", "Scripts with tableDefinitions are not emulated.")
        if job.configuration.get("destinationTable"):
            raise errors.error("invalidQuery", "configuration.query.destinationTable cannot be set for scripts")
        await job.kept()
        await script.run(session, nodes, read.parameters)
        return
    query, plans = await _prepare(session)
    await statement.run(query, plans[0], last=True)


async def had_effect(context: Context, job: Job) -> bool:
    """Whether a job that was under way when the emulator stopped had had its effect; its statistics are filled then.

    Known of one statement that changes rows, creates a table or writes into one; never of a script, or in a session.
    """
    session = _session(context, job, Ticket())
    if session.id or await _nodes(session, _script(session).text):
        return False
    _, plans = await _prepare(session)
    plan = plans[0]
    destination = job.configuration.get("destinationTable")
    written = TableName.from_reference(destination, job.project) if destination else None
    name = decorators.split(written)[0] if written else plan.target
    if len(plans) > 1 or name is None:
        return False
    if not plan.is_dml and plan.kind != "TRUNCATE_TABLE":
        if plan.kind != "SELECT" and not plan.kind.startswith("CREATE_TABLE"):
            return False
        if not await commit.is_done(context, commit.Target(name, job.key)):
            return False
        statistics: dict[str, Any] = {"statementType": plan.kind}
    else:
        key = f"{job.key}/{plan.number}"
        actions = tuple(reads.COUNT_NAMES) if plan.kind == "MERGE" else (plan.kind,)
        house = warehouse.of(context)
        found = catalog.find_table(context, name)
        place = catalog.storage_of(found.body) if found is not None else ""
        counts = [await house.done_rows(place, f"{key}/{action}") for action in actions]
        if counts[0] is None:
            return False
        statistics = reads.dml_statistics(plan, dict(zip(actions, counts, strict=True)))
    job.statistics["totalBytesProcessed"] = "0"
    job.statistics["query"] = statistics
    return True


async def dry_run(context: Context, job: Job, ticket: Ticket) -> None:
    """Check a query job and fill in what it would read, without running it; of a script, its syntax alone."""
    session = _session(context, job, ticket)
    sessions.dry(session)
    if await _nodes(session, _script(session).text):
        job.statistics["totalBytesProcessed"] = "0"
        job.statistics["query"] = {"statementType": "SCRIPT", "totalBytesProcessed": "0"}
        return
    query, plans = await _prepare(session)
    plan = plans[-1]
    found = await reads.snapshot(query, plan)
    statistics = await reads.statistics_of(query, plan, found)
    run_ = warehouse.of(context).run
    if plan.kind in ("SELECT", "CREATE_TABLE_AS_SELECT"):
        fields = await run_(scripts.describe, query.script, plan.number, found, ticket=ticket)
        statistics["schema"] = {"fields": fields}
    elif plan.is_dml:
        await run_(scripts.explain, query.script, plan.number, found, ticket=ticket)
    job.statistics["query"] = statistics


async def _nodes(session: Session, text: str) -> Sequence[Node]:
    """The statements of a script, which has child jobs; nothing where a text is one statement. Raises 400.

    A script has more than one statement besides CREATE TEMP FUNCTION, or a control statement. In a session, where the
    functions live on, that one makes a script, too.
    """
    if not session.id and ";" not in text.rstrip("; \t\r\n") and not CONTROL.match(text):
        return ()
    house = warehouse.of(session.context)
    nodes = await house.run(scripts.outline, text, short=True, ticket=session.ticket)
    rest = [node for node in nodes if not (isinstance(node, Statement) and node.kind == "FUNCTION")]
    kept = session.id and len(rest) < len(nodes)
    return nodes if kept or len(rest) > 1 or any(not isinstance(node, Statement) for node in rest) else ()


async def _prepare(session: Session) -> tuple[Query, list[Plan]]:
    context, job, ticket = session.context, session.job, session.ticket
    read = await _with_definitions(context, job, _script(session))
    plans = await warehouse.of(context).run(scripts.prepare, read, short=True, ticket=ticket)
    return Query(context, job, ticket, read, session if session.id else None), plans


async def _with_definitions(context: Context, job: Job, read: Script) -> Script:
    """A script that knows the external tables of tableDefinitions as temporary ones. Raises 400, 403, 404."""
    names = []
    for name, definition in (job.configuration.get("tableDefinitions") or {}).items():
        kept, fields = await external.checked(context, definition, [], job.principal)
        found = await external.rows(context, kept, fields, job.principal)
        place = TableName(job.project, read.defaults.temporary, name.lower())
        result = dataclasses.replace(found, name=place, principal=job.principal)
        await context.db.write(results.insert_in, result)
        names.append(name.lower())
    return dataclasses.replace(read, tables=(*read.tables, *names)) if names else read


def _session(context: Context, job: Job, ticket: Ticket) -> Session:
    """What a query job starts with. Raises 400 for a connection property that there is none of, or not that value."""
    configuration = job.configuration
    default = configuration.get("defaultDataset")
    dataset = DatasetName.from_reference(default, job.project) if default and default.get("datasetId") else None
    identifier = sessions.asked(configuration) or job.statistics.get("sessionInfo", {}).get("sessionId", "")
    own = f"_script{hashlib.sha256(job.key.encode()).hexdigest()[:40]}"
    temporary = kept_sessions.dataset_of(identifier) if identifier else own
    session = Session(context, job, ticket, Defaults(job.project, dataset, temporary), id=identifier)
    for each in configuration.get("connectionProperties") or []:
        key, value = str(each.get("key") or ""), str(each.get("value") or "")
        if key not in PROPERTIES:
            raise errors.error("notImplemented", f"The connection property {key} is not emulated.")
        if key != "session_id":
            values.set_system(session, f"@@{key}", Variable(key, {"name": key, "type": "STRING"}, {"value": value}))
    return session


def _script(session: Session) -> Script:
    """What a query job's configuration says. Raises 400 for what is wrong with it or not emulated."""
    configuration = session.job.configuration
    text = configuration.get("query")
    if not text:
        raise errors.invalid("Required parameter is missing: query")
    if len(text) > MAX_LENGTH:
        raise errors.invalid(
            f"The query is too large. The maximum standard SQL query length is {MAX_LENGTH / 1024:.2f}K characters, "
            "including comments and white space characters."
        )
    if configuration.get("useLegacySql") is True:
        raise errors.error("invalidQuery", "Legacy SQL is not emulated; set useLegacySql to false.")
    for key in REFUSED:
        if configuration.get(key):
            raise errors.error("notImplemented", f"Queries with {key} are not emulated.")
    parameters = configuration.get("queryParameters") or []
    functions, tables = tuple(session.functions), tuple(session.temporary)
    return Script(text, session.defaults, parameters, functions, tables, tuple(values.mentioned(session, text)))
