"""routines: insert, get, list, update, delete, and their IAM policies: functions and procedures in SQL.

https://cloud.google.com/bigquery/docs/reference/rest/v2/routines
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request, Response
from emulator.services.bigquery import catalog, errors, iam_methods, standard_types, views, warehouse
from emulator.services.bigquery.names import RoutineName
from emulator.services.bigquery.requests import asked_page, check_etag, dataset_of, on_dataset
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql import scripts
from emulator.services.bigquery.sql.catalog import Defaults, Routine
from emulator.services.bigquery.sql.plans import Script, Variable
from emulator.services.bigquery.sql.types import Field
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

ROUTINE_ID = re.compile(r"[A-Za-z0-9_]{1,256}\Z")
MADE_BY_SERVER = frozenset(["etag", "routineReference", "creationTime", "lastModifiedTime", "buildStatus"])
REFUSED = (
    "importedLibraries",
    "remoteFunctionOptions",
    "sparkOptions",
    "pythonOptions",
    "externalRuntimeOptions",
    "dataGovernanceType",
)
LISTED = ("routineReference", "routineType", "language", "creationTime", "lastModifiedTime", "etag")


def routine_of(request: Request) -> RoutineName:
    """The routine of the path."""
    name = dataset_of(request)
    return RoutineName(name.project, name.dataset, request.path["routineId"])


def on_routine(request: Request) -> str:
    """The routine of the path, for permission checks."""
    return routine_of(request).resource


@SERVICE.handles("bigquery.routines.insert", permission="bigquery.routines.create", on=on_dataset)
async def insert(request: Request) -> Answer:
    """Create a function or procedure."""
    reference = request.body.get("routineReference") or {}
    if not reference.get("routineId"):
        raise errors.invalid("Required parameter is missing: routineReference.routineId")
    parent = dataset_of(request)
    name = RoutineName(parent.project, parent.dataset, reference["routineId"])
    return view(await create(request.context, name, request.body, request.principal))


async def create(
    context: Context, name: RoutineName, given: dict[str, Any], principal: str, *, replace: bool = False
) -> Resource:
    """Keep a new routine. Raises 400 and 501 for what is no routine of ours, 404 for its dataset, 409."""
    if not ROUTINE_ID.match(name.routine):
        raise errors.invalid(f'Invalid routine ID "{name.routine[:80]}": letters, digits and underscores, at most 256.')
    catalog.dataset(context, name.parent)
    body = await _checked(context, name, given, principal)

    def change(tx: sqlite3.Connection) -> Resource:
        catalog.dataset(context, name.parent, tx)
        if replace and context.resources.get(catalog.ROUTINES, name.resource, tx) is not None:
            return context.resources.replace(tx, catalog.ROUTINES, name.resource, body)
        try:
            return context.resources.insert(tx, catalog.ROUTINES, name.resource, name.parent.resource, body)
        except ApiError:
            raise errors.duplicate("Routine", name) from None

    return await context.db.write(change)


async def _checked(context: Context, name: RoutineName, given: dict[str, Any], principal: str) -> dict[str, Any]:
    """A routine as it is kept: with its language and the type that it returns."""
    body = {key: value for key, value in given.items() if key not in MADE_BY_SERVER and value is not None}
    for key in REFUSED:
        if body.get(key):
            raise errors.error("notImplemented", f"Routines with {key} are not emulated.")
    language = body.setdefault("language", "SQL")
    if language != "SQL":
        raise errors.error("notImplemented", f"Routines in {language} are not emulated; the emulator has SQL.")
    kind = body.get("routineType")
    if kind not in catalog.ROUTINE_KINDS:
        known = ", ".join(catalog.ROUTINE_KINDS)
        raise errors.invalid(f"The routineType {kind} is not emulated; there are {known}.")
    if not body.get("definitionBody"):
        raise errors.invalid("Required parameter is missing: definitionBody")
    routine = catalog.routine_info(name, body)
    if kind == "PROCEDURE":
        await warehouse.of(context).run(scripts.outline, routine.body, short=True)
    elif all(argument.kind for argument in routine.arguments):
        fields = await _fields(context, routine, principal)
        if kind == "SCALAR_FUNCTION":
            body.setdefault("returnType", standard_types.of_field(fields[0]))
        else:
            columns = [{"name": field["name"], "type": standard_types.of_field(field)} for field in fields]
            body.setdefault("returnTableType", {"columns": columns})
    return body


async def _fields(context: Context, routine: Routine, principal: str) -> list[Field]:
    """The columns that a function gives. Raises 400 for a body that does not work, 403 and 404 for what it reads."""
    house = warehouse.of(context)
    defaults = Defaults(routine.name.project)
    arguments = []
    for argument in routine.arguments:
        typed = await field_of(context, argument.kind, defaults)
        arguments.append(Variable(argument.name, typed))
    body = routine.body if routine.kind == "TABLE FUNCTION" else f"SELECT ({routine.body})"
    script = Script(body, defaults, variables=tuple(arguments))
    reads = await house.run(scripts.routine_reads, routine, short=True)
    found = await views.snapshot(context, reads, principal)
    views.authorize(context, found, principal)
    return await house.run(scripts.describe, script, 1, found)


async def field_of(context: Context, kind: str, defaults: Defaults) -> Field:
    """The column type of a type as GoogleSQL writes it. Raises 400 for one that there is none of."""
    script = Script(f"SELECT CAST(NULL AS {kind})", defaults)
    typed = await warehouse.of(context).run(scripts.evaluate, script, None, "", None, short=True)
    assert isinstance(typed, Variable)
    return typed.field


def view(resource: Resource) -> dict[str, Any]:
    """A routine as the API shows it."""
    return {
        **resource.body,
        "routineReference": name_of(resource).reference,
        "etag": resource.etag,
        "creationTime": str(catalog.milliseconds(resource.created)),
        "lastModifiedTime": str(catalog.milliseconds(resource.updated)),
    }


def name_of(resource: Resource) -> RoutineName:
    """The name of a routine resource."""
    _, project, _, dataset, _, routine = resource.name.split("/", 5)
    return RoutineName(project, dataset, routine)


@SERVICE.handles("bigquery.routines.get", on=on_routine)
async def get(request: Request) -> Answer:
    """Show a routine."""
    return view(catalog.routine(request.context, routine_of(request)))


@SERVICE.handles("bigquery.routines.list", on=on_dataset)
async def list_(request: Request) -> Answer:
    """List the routines of a dataset by name, of one routineType with the filter."""
    context, name = request.context, dataset_of(request)
    catalog.dataset(context, name)
    wanted = re.fullmatch(r"\s*routineType\s*[:=]\s*\"?(\w+)\"?\s*", request.query.get("filter") or "")
    if request.query.get("filter") and wanted is None:
        raise errors.invalid("The filter of routines is routineType:KIND, such as routineType:SCALAR_FUNCTION.")
    page = asked_page(request, 50, str)
    found = [
        resource
        for resource in context.resources.list(catalog.ROUTINES, name.resource)[0]
        if (not page.after or resource.name > page.after[0])
        and (wanted is None or resource.body["routineType"] == wanted[1])
    ]
    shown = found[: page.size]
    answer: dict[str, Any] = {}
    if shown:
        answer["routines"] = [{key: view(item).get(key) for key in LISTED} for item in shown]
    if len(found) > page.size and shown:
        answer["nextPageToken"] = paging.encode(shown[-1].name)
    return answer


@SERVICE.handles("bigquery.routines.update", permission="bigquery.routines.update", on=on_routine)
async def update(request: Request) -> Answer:
    """Replace a routine."""
    name = routine_of(request)
    check_etag(request, catalog.routine(request.context, name))
    return view(await create(request.context, name, request.body, request.principal, replace=True))


@SERVICE.handles("bigquery.routines.delete", on=on_routine)
async def delete(request: Request) -> Answer:
    """Delete a routine."""
    await remove(request.context, routine_of(request))
    return Response(204)


async def remove(context: Context, name: RoutineName) -> None:
    """Delete a routine. Raises 404."""

    def change(tx: sqlite3.Connection) -> None:
        catalog.routine(context, name, tx)
        context.resources.delete_tree(tx, name.resource)
        context.db.after_commit(context.policies.forget)

    await context.db.write(change)


def _policy_resource(request: Request) -> str:
    _, project, _, dataset, _, routine = request.path["resource"].split("/", 5)
    name = RoutineName(request.context.project_id(project), dataset, routine)
    catalog.routine(request.context, name)
    return name.resource


iam_methods.register("bigquery.routines", _policy_resource)
