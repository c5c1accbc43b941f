"""Services of a project: list, get, enable, disable, one or several at once. Operations are done when answered."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.access.hierarchy import ORGANIZATION, PROJECTS
from emulator.errors import ApiError, failed_precondition, invalid_argument, not_found
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.serviceusage.api import STATES, disabled, state_of
from emulator.services.serviceusage.catalogue import Api, apis
from emulator.services.serviceusage.service import SERVICE
from emulator.state.operations import Operation

if TYPE_CHECKING:
    from emulator.context import Context

_FILTERS = {"": None, "state:ENABLED": "ENABLED", "state:DISABLED": "DISABLED"}
# Service Usage: "A single request can enable a maximum of 20 services", and get 30.
BATCH_ENABLE, BATCH_GET = 20, 30
_DISABLED = "serviceusage.disabled"
_DEFAULT_PAGE, _MAX_PAGE = 50, 200
_TYPES = "type.googleapis.com/google.api.serviceusage"


def view(context: Context, project: str, api: Api) -> dict[str, Any]:
    """A service of a project as Service Usage answers it; its name has the project's number."""
    number = context.resources.require(PROJECTS, f"projects/{project}").body["projectNumber"]
    return {
        "name": f"projects/{number}/services/{api.name}",
        "parent": f"projects/{number}",
        "config": {"name": api.name, "title": api.title},
        "state": state_of(context, project, api.name),
    }


def project_of(request: Request) -> str:
    """The id of the project in a path; a 400 for folders and organizations, which have no services here."""
    kind, _, rest = request.name.partition("/")
    if kind != "projects":
        raise invalid_argument(f"{request.name[:80]}: services are enabled in projects; name one as projects/ID.")
    return rest.partition("/")[0]


def known_api(name: str) -> Api:
    """The API of that name; Google's 404 where there is none."""
    found = apis().get(name)
    if found is None:
        raise not_found(f"Not found or permission denied for service(s): {name[:80]}.")
    return found


@SERVICE.handles("serviceusage.services.list")
async def list_services(request: Request) -> Answer:
    """The services of a project, all or those in one state."""
    project = project_of(request)
    text = request.query.get("filter", "")
    if text not in _FILTERS:
        raise invalid_argument(f'Invalid filter "{text[:80]}": it must be state:ENABLED or state:DISABLED.')
    page = paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE, str)
    wanted = _FILTERS[text]
    views = [view(request.context, project, api) for api in apis().values() if api.name > page.name]
    found = [service for service in views if wanted in (None, service["state"])]
    answer: dict[str, Any] = {"services": found[: page.size]} if found else {}
    if len(found) > page.size:
        answer["nextPageToken"] = paging.encode(found[page.size - 1]["config"]["name"])
    return answer


@SERVICE.handles("serviceusage.services.get")
async def get(request: Request) -> Answer:
    """One service with its state."""
    return view(request.context, project_of(request), known_api(_last(request.name)))


@SERVICE.handles("serviceusage.services.batchGet", permission="serviceusage.services.get")
async def batch_get(request: Request) -> Answer:
    """Several services with their states."""
    names = request.query.get("names", [])
    if len(names) > BATCH_GET:
        raise invalid_argument(f"names holds {len(names)} services; at most {BATCH_GET} are allowed.")
    project = project_of(request)
    return {"services": [view(request.context, project, known_api(_last(name))) for name in names]}


@SERVICE.handles("serviceusage.services.enable")
async def enable(request: Request) -> Answer:
    """Enable one service; enabling it again changes nothing."""
    api = known_api(_last(request.name))
    operation = await _switch(request, [api], "ENABLED")
    return operation.to_json()


@SERVICE.handles("serviceusage.services.batchEnable")
async def batch_enable(request: Request) -> Answer:
    """Enable several services, or none where one of them does not exist."""
    names = request.body.get("serviceIds", [])
    if not 1 <= len(names) <= BATCH_ENABLE:
        raise invalid_argument(f"serviceIds holds {len(names)} services; it must name 1 to {BATCH_ENABLE}.")
    operation = await _switch(request, [known_api(name) for name in names], "ENABLED")
    return operation.to_json()


@SERVICE.handles("serviceusage.services.disable")
async def disable(request: Request) -> Answer:
    """Disable one service: its methods answer 403 until it is enabled again."""
    api = known_api(_last(request.name))
    if api.name == "serviceusage.googleapis.com":
        raise failed_precondition("serviceusage.googleapis.com can't be disabled here: nothing could enable it again.")
    if state_of(request.context, project_of(request), api.name) == "DISABLED":
        raise _not_enabled(api)
    operation = await _switch(request, [api], "DISABLED")
    return operation.to_json()


def _not_enabled(api: Api) -> ApiError:
    return failed_precondition(f"The service {api.name} is not enabled.")


def _operation_parent(request: Request) -> str:
    operation = request.context.operations.get(request.name)
    return ORGANIZATION if operation is None else operation.parent


@SERVICE.handles("serviceusage.operations.get", on=_operation_parent)
async def get_operation(request: Request) -> Answer:
    """An operation of this service."""
    return request.context.operations.require(request.name).to_json()


async def _switch(request: Request, switched: list[Api], state: str) -> Operation:
    """Set the state of services and store the finished operation that says so."""
    context = request.context
    project = project_of(request)
    verb = request.method.id.rpartition(".")[2]
    version = request.method.document.name.partition(".")[2]
    services = [{**view(context, project, api), "state": state} for api in switched]
    response: dict[str, Any] = {"@type": f"{_TYPES}.{version}.{verb[0].upper()}{verb[1:]}ServiceResponse"}
    if verb == "batchEnable":
        response = {"@type": f"{_TYPES}.{version}.BatchEnableServicesResponse", "services": services}
    else:
        response["service"] = services[0]

    def step(tx: sqlite3.Connection) -> Operation:
        for api in switched:
            parent = f"projects/{project}"
            name = f"{parent}/services/{api.name}"
            if context.resources.get(STATES, name, tx) is None:
                context.resources.insert(tx, STATES, name, parent, {"state": state})
            else:
                context.resources.replace(tx, STATES, name, {"state": state})
        context.db.after_commit(lambda: mark(context, [api.name for api in switched], off=state == "DISABLED"))
        return store_operation(request, tx, response)

    return await context.db.write(step)


def store_operation(request: Request, tx: sqlite3.Connection, response: dict[str, Any]) -> Operation:
    """Store a finished operation under a name such as Google's (operations/acf.p2-PROJECT_NUMBER-ID)."""
    context = request.context
    parent = f"projects/{project_of(request)}"
    number = context.resources.require(PROJECTS, parent, tx).body["projectNumber"]
    name = f"operations/acf.p2-{number}-{context.ids.hex(32)}"
    metadata = {"@type": f"{_TYPES}.v1.OperationMetadata", "resourceNames": [request.name]}
    return context.operations.insert(
        tx, "serviceusage", parent, metadata=metadata, principal=request.principal, response=response, name=name
    )


def mark(context: Context, names: list[str], *, off: bool) -> None:
    """Note which APIs answer 403: those that somebody disabled."""
    changed = {name.removesuffix(".googleapis.com") for name in names}
    known: frozenset[str] = context.extensions[_DISABLED]
    context.extensions[_DISABLED] = known | changed if off else known - changed


@SERVICE.gate
def require_api(request: Request) -> None:
    """Nothing, or the 403 for an API that somebody disabled. One that nobody ever enabled answers."""
    if request.method.service in request.context.extensions[_DISABLED]:
        raise disabled(request.method.service + ".googleapis.com", request.context.settings.project_number)


@SERVICE.on_start
async def remember(context: Context) -> None:
    """Read which APIs are disabled."""
    context.extensions[_DISABLED] = frozenset()
    stored = context.resources.list(STATES, f"projects/{context.settings.project}")[0]
    mark(context, [state.id for state in stored if state.body["state"] == "DISABLED"], off=True)


def _last(name: str) -> str:
    return name.rpartition("/")[2]
