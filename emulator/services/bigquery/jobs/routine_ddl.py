"""CREATE and DROP of functions and procedures, done on the catalogue.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
"""

from __future__ import annotations

from typing import Any

from emulator.services.bigquery import catalog, errors, routines, standard_types
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.names import RoutineName
from emulator.services.bigquery.sql.arguments import Argument
from emulator.services.bigquery.sql.plans import RoutineStatement

TYPES = {kind: routine_type for routine_type, kind in catalog.ROUTINE_KINDS.items()}
LANGUAGES = {"JS": "JAVASCRIPT"}


async def run(query: Query, kind: str, wanted: RoutineStatement) -> dict[str, Any]:
    """Do what the statement says; gives the job's statistics. Raises 400, 403, 404, 409, 501."""
    defaults = query.script.defaults
    name = RoutineName.written(wanted.path, defaults.project, defaults.dataset)
    if name is None:
        raise errors.invalid(f'Routine "{wanted.path}" must be qualified with a dataset (e.g. dataset.routine).')
    done = await (_create if wanted.action == "CREATE" else _drop)(query, name, wanted)
    return {"statementType": kind, "ddlOperationPerformed": done, "ddlTargetRoutine": name.reference}


def _require(query: Query, permission: str, name: RoutineName) -> None:
    on = name.parent if permission.endswith(".create") else name
    if not query.context.policies.allows(query.principal, permission, on.resource):
        kind = "Dataset" if on is not name else "Routine"
        raise errors.access_denied(kind, on, permission)


async def _create(query: Query, name: RoutineName, wanted: RoutineStatement) -> str:
    context = query.context
    catalog.dataset(context, name.parent)
    _require(query, "bigquery.routines.create", name)
    there = context.resources.get(catalog.ROUTINES, name.resource) is not None
    if there and wanted.tolerant:
        return "SKIP"
    if there and wanted.replace:
        _require(query, "bigquery.routines.update", name)
    await routines.create(context, name, await _body(query, wanted), query.principal, replace=wanted.replace)
    return "REPLACE" if there else "CREATE"


async def _body(query: Query, wanted: RoutineStatement) -> dict[str, Any]:
    """The REST resource of a routine."""
    body: dict[str, Any] = {
        "routineType": TYPES[wanted.kind],
        "language": LANGUAGES.get(wanted.language, wanted.language),
        "definitionBody": wanted.body,
        "arguments": [await _argument(query, wanted.kind, argument) for argument in wanted.arguments],
    }
    if wanted.description:
        body["description"] = wanted.description
    if wanted.returns and wanted.kind == "FUNCTION":
        body["returnType"] = await _type(query, wanted.returns)
    return body


async def _argument(query: Query, kind: str, argument: Argument) -> dict[str, Any]:
    made: dict[str, Any] = {"name": argument.name}
    if kind == "PROCEDURE":
        made["mode"] = argument.mode
    if not argument.kind:
        return {**made, "argumentKind": "ANY_TYPE"}
    return {**made, "dataType": await _type(query, argument.kind)}


async def _type(query: Query, text: str) -> dict[str, Any]:
    return standard_types.of_field(await routines.field_of(query.context, text, query.script.defaults))


async def _drop(query: Query, name: RoutineName, wanted: RoutineStatement) -> str:
    found = query.context.resources.get(catalog.ROUTINES, name.resource)
    if found is None:
        if wanted.tolerant:
            return "SKIP"
        raise errors.no_routine(name)
    _require(query, "bigquery.routines.delete", name)
    if found.body["routineType"] != TYPES[wanted.kind]:
        there = catalog.ROUTINE_KINDS[found.body["routineType"]].lower()
        raise errors.error("invalidQuery", f"{name} is a {there}; DROP {wanted.kind} cannot drop it.")
    await routines.remove(query.context, name)
    return "DROP"
