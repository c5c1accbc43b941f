"""Procedures as CALL finds them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#call
"""

from __future__ import annotations

from collections.abc import Sequence

from emulator.services.bigquery import catalog, errors, materialized, routines
from emulator.services.bigquery.jobs import cancelling, sessions
from emulator.services.bigquery.jobs.session import Session
from emulator.services.bigquery.names import RoutineName, TableName
from emulator.services.bigquery.sql.catalog import Routine
from emulator.services.bigquery.sql.plans import Variable
from emulator.services.bigquery.sql.types import Field

SYSTEM = "BQ."  # of the procedures that BigQuery brings along


def is_system(path: str) -> bool:
    """Whether a path names a procedure of BigQuery's own."""
    return path.replace("`", "").upper().startswith(SYSTEM)


async def call_system(session: Session, procedure: str, given: Sequence[Variable]) -> None:
    """Run a procedure of BigQuery's own with these arguments. Raises 400, 403, 404, and 501 for most of them.

    https://cloud.google.com/bigquery/docs/reference/system-procedures
    """
    path, values = procedure.replace("`", "").upper(), [str((each.value or {}).get("value", "")) for each in given]
    if path not in ("BQ.REFRESH_MATERIALIZED_VIEW", "BQ.ABORT_SESSION", "BQ.JOBS.CANCEL"):
        raise errors.error("notImplemented", f"The procedure {path} is not emulated.")
    if len(given) > 1 or (not given and path != "BQ.ABORT_SESSION"):
        raise errors.error("invalidQuery", f"Procedure {path} takes 1 argument, and {len(given)} are given.")
    if path == "BQ.ABORT_SESSION":
        await sessions.abort(session, "".join(values))
        return
    if path == "BQ.JOBS.CANCEL":
        await cancelling.call(session, values[0])
        return
    parts = values[0].replace("`", "").split(".")
    if len(parts) not in (2, 3):
        raise errors.error("invalidQuery", f"{path} takes 'dataset.view' or 'project.dataset.view'.")
    name = TableName(*parts) if len(parts) == 3 else TableName(session.job.project, *parts)
    await materialized.refresh(session.context, name, session.job.principal)


def find(session: Session, path: str, count: int) -> Routine:
    """The procedure of a path, called with that many arguments. Raises 400, 403, 404."""
    defaults = session.defaults
    name = RoutineName.written(path, defaults.project, defaults.dataset)
    if name is None:
        raise errors.error("invalidQuery", f"Procedure not found: {path}; write dataset.procedure.")
    routine = catalog.routine_info(name, catalog.routine(session.context, name).body)
    if not session.context.policies.allows(session.job.principal, "bigquery.routines.get", name.resource):
        raise errors.access_denied("Routine", name, "bigquery.routines.get")
    if routine.kind != "PROCEDURE":
        raise errors.error("invalidQuery", f"{name} is a {routine.kind.lower()}: CALL takes procedures.")
    if len(routine.arguments) != count:
        wanted = len(routine.arguments)
        raise errors.error("invalidQuery", f"Procedure {name} takes {wanted} arguments, and {count} are given.")
    return routine


async def field(session: Session, kind: str) -> Field:
    """The type of an argument as a column has it."""
    return await routines.field_of(session.context, kind, session.defaults)
