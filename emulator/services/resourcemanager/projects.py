"""Projects: create, get, list, search, move, and changes of name and labels. Deleting projects is not emulated."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.access.hierarchy import ORGANIZATION, PROJECTS, parent_of
from emulator.errors import invalid_argument
from emulator.gateway import filters, paging, validation
from emulator.gateway.request import Answer, Request
from emulator.services.resourcemanager.folders import require, require_parent
from emulator.services.resourcemanager.service import SERVICE
from emulator.settings import project_number
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_GET = "resourcemanager.projects.get"
# https://cloud.google.com/resource-manager/docs/creating-managing-projects
_PROJECT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_DEFAULT_PAGE, _MAX_PAGE = 300, 1000


def project_name(request: Request) -> str:
    """projects/ID of the project in a path: v1 has a bare id or number there, v3 a name."""
    project = request.name.removeprefix("projects/")
    return f"projects/{request.context.project_id(project)}"


def require_project(context: Context, name: str, tx: sqlite3.Connection | None = None) -> Resource:
    """The project of that name; a 404 where there is none (a caller without permission has got a 403 before)."""
    return context.resources.require(PROJECTS, name, tx)


def view_v1(project: Resource) -> dict[str, Any]:
    """A project as v1 answers it."""
    return {**project.body, "createTime": project.created}


def view_v3(project: Resource) -> dict[str, Any]:
    """A project as v3 answers it."""
    body = project.body
    return {
        "name": f"projects/{body['projectNumber']}",
        "parent": parent_of(body),
        "projectId": body["projectId"],
        "state": body["lifecycleState"],
        "displayName": body["name"],
        "labels": body.get("labels", {}),
        "createTime": project.created,
        "updateTime": project.updated,
        "etag": project.etag,
    }


def _view(request: Request) -> Callable[[Resource], dict[str, Any]]:
    return view_v1 if _is_v1(request) else view_v3


def _is_v1(request: Request) -> bool:
    return request.method.document.name.endswith(".v1")


def _done(request: Request, prefix: str, project: dict[str, Any]) -> Answer:
    """An operation that is done, with the project."""
    kind = f"type.googleapis.com/google.cloud.resourcemanager.{'v1' if _is_v1(request) else 'v3'}.Project"
    name = f"operations/{prefix}.{request.context.ids.number()}"
    return {"name": name, "done": True, "response": {"@type": kind, **project}}


def _parent(request: Request) -> str:
    """Where a new project is to lie: v1 has {"type": "folder", "id": "1"}, v3 "folders/1"; none is the organization."""
    parent = (request.body or {}).get("parent")
    if isinstance(parent, dict):
        parent = f"{parent['type']}s/{parent.get('id', '')}" if parent.get("type") else parent.get("id", "")
    return str(parent or ORGANIZATION)


@SERVICE.handles("cloudresourcemanager.projects.create", permission="")
async def create(request: Request) -> Answer:
    """Create a project in a folder or the organization, owned by who creates it; the operation is done already."""
    body, parent = request.body, _parent(request)
    require(request, "resourcemanager.projects.create", parent)
    project = str(body.get("projectId") or "")
    if not _PROJECT_ID.fullmatch(project):
        raise invalid_argument(
            f"Invalid project id '{project}': 6 to 30 lower-case letters, digits and hyphens, beginning with a letter"
            " and not ending with a hyphen."
        )
    made = {
        "projectId": project,
        "projectNumber": project_number(project),
        "name": body.get("name" if _is_v1(request) else "displayName") or project,
        "lifecycleState": "ACTIVE",
        "labels": body.get("labels") or {},
        "parent": _as_v1(parent),
    }
    context, owner = request.context, request.principal

    def step(tx: sqlite3.Connection) -> Resource:
        name = f"projects/{project}"
        require_parent(context, parent, tx)
        created = context.resources.insert(tx, PROJECTS, name, ORGANIZATION, made)
        context.policies.set(tx, name, {"bindings": [{"role": "roles/owner", "members": [owner]}]})
        return created

    return _done(request, "cp", _view(request)(await context.db.write(step)))


def _as_v1(parent: str) -> dict[str, str]:
    kind, _, number = parent.partition("s/")
    return {"type": kind, "id": number}


@SERVICE.handles("cloudresourcemanager.projects.move", on=project_name)
async def move(request: Request) -> Answer:
    """Put a project into another folder, or into the organization (v3); the operation in the answer is done."""
    context, name = request.context, project_name(request)
    target = str((request.body or {}).get("destinationParent") or "")
    require(request, "resourcemanager.projects.move", parent_of(require_project(context, name).body), target)

    def step(tx: sqlite3.Connection) -> Resource:
        project = require_project(context, name, tx)
        body = {**project.body, "parent": _as_v1(require_parent(context, target, tx))}
        context.db.after_commit(context.policies.forget)
        return context.resources.replace(tx, PROJECTS, name, body)

    return _done(request, "pm", view_v3(await context.db.write(step)))


@SERVICE.handles("cloudresourcemanager.projects.get", on=project_name)
async def get(request: Request) -> Answer:
    """One project, by id or number."""
    return _view(request)(require_project(request.context, project_name(request)))


@SERVICE.handles("cloudresourcemanager.projects.list", permission="")
async def list_projects(request: Request) -> Answer:
    """The projects that the caller may see; v1 filters (`lifecycleState:ACTIVE`, `labels.team:imaging`)."""
    return _page(request, request.query.get("filter", ""))


@SERVICE.handles("cloudresourcemanager.projects.search", permission="")
async def search(request: Request) -> Answer:
    """The projects that the caller may see and that match a query (v3)."""
    return _page(request, request.query.get("query", ""))


def _page(request: Request, text: str) -> Answer:
    context = request.context
    view = _view(request)
    keep = filters.compile_filter(text) if text else None

    parent = request.query.get("parent") or ""

    def visible(project: Resource) -> bool:
        allowed = context.policies.allows(request.principal, _GET, project.name)
        placed = not parent or parent_of(project.body) == parent
        return allowed and placed and (keep is None or keep(view(project)))

    page = paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE, str)
    found, last = context.resources.list(PROJECTS, ORGANIZATION, page.size, page.name, visible)
    answer: dict[str, Any] = {"projects": [view(project) for project in found]} if found else {}
    if last:
        answer["nextPageToken"] = paging.encode(last)
    return answer


@SERVICE.handles("cloudresourcemanager.projects.update", on=project_name)
async def update(request: Request) -> Answer:
    """Replace name and labels (v1)."""
    return view_v1(await _change(request, {"name": request.body.get("name"), "labels": request.body.get("labels", {})}))


@SERVICE.handles("cloudresourcemanager.projects.patch", on=project_name)
async def patch(request: Request) -> Answer:
    """Change display name or labels under a mask (v3); the operation in the answer is done."""
    mask = validation.field_mask(request.query.get("updateMask") or ",".join(request.body))
    known = {"displayName": "name", "labels": "labels"}
    changes: dict[str, Any] = {}
    for path in mask:
        if path not in known:
            raise validation.unknown_mask(path)
        changes[known[path]] = request.body.get(path, {} if path == "labels" else None)
    project = await _change(request, changes)
    return _done(request, "up", view_v3(project))


async def _change(request: Request, changes: dict[str, Any]) -> Resource:
    context = request.context
    name = project_name(request)
    title = changes.get("name")
    if title is not None and not 4 <= len(title) <= 30:
        raise invalid_argument("A project's name must have 4 to 30 characters.")

    def step(tx: sqlite3.Connection) -> Resource:
        project = require_project(context, name, tx)
        kept = {key: value for key, value in changes.items() if value is not None}
        return context.resources.replace(tx, PROJECTS, name, {**project.body, **kept})

    return await context.db.write(step)
