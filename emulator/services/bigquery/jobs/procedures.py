"""Procedures as CALL finds them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#call
"""

from __future__ import annotations

from emulator.services.bigquery import catalog, errors, routines
from emulator.services.bigquery.jobs.session import Session
from emulator.services.bigquery.names import RoutineName
from emulator.services.bigquery.sql.catalog import Routine
from emulator.services.bigquery.sql.types import Field


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
