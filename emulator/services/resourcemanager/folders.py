"""Folders: between the organization and projects, with policies that both inherit (v3).

https://cloud.google.com/resource-manager/docs/creating-managing-folders. Changes answer with operations that are done.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.access.hierarchy import FOLDERS, ORGANIZATION, PROJECTS, above, parent_of
from emulator.errors import failed_precondition, invalid_argument, permission_denied
from emulator.gateway import filters, paging, policies, validation
from emulator.gateway.request import Answer, Request
from emulator.services.resourcemanager.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]

_METHODS = "cloudresourcemanager.folders"
_GET = "resourcemanager.folders.get"
_MOVE = "resourcemanager.folders.move"
# Of Folder.display_name.
_TITLE = re.compile(r"[^\W_]([\w -]{0,28}[^\W_])?")
_DEFAULT_PAGE, _MAX_PAGE = 50, 300
# Of CreateFolder: "folder naming, height, or fanout constraints".
_HIGHEST, _MOST = 10, 300
_CREATOR = ("roles/resourcemanager.folderAdmin", "roles/resourcemanager.folderEditor")
"""What who creates a folder is granted on it (Resource Manager: access control for folders)."""


def view(folder: Resource) -> Body:
    """A folder as v3 answers it."""
    times = {"createTime": folder.created, "updateTime": folder.updated}
    return {"name": folder.name, **folder.body, **times, "etag": folder.etag}


def require_parent(context: Context, name: str, tx: sqlite3.Connection | None = None) -> str:
    """The name of the organization or a folder that something may be put in; a 403 for any other."""
    if name == ORGANIZATION:
        return name
    found = context.resources.get(FOLDERS, name, tx)
    if found is None or found.body["state"] != "ACTIVE":
        raise permission_denied(
            f"The caller does not have permission to put anything into {name[:100]}, or it does not exist: it is no"
            f" active folder, nor {ORGANIZATION}."
        )
    return name


def require(request: Request, permission: str, *places: str) -> None:
    """Raise a 403 unless the caller has a permission on all of some places, which the body of the request names."""
    for place in places:
        request.require(permission, place)


def _parent_in_query(request: Request) -> str:
    return str(request.query.get("parent") or "")


def _done(request: Request, prefix: str, kind: str, folder: Resource) -> Answer:
    """An operation that is done, with the folder."""
    body = {"@type": f"type.googleapis.com/google.cloud.resourcemanager.v3.{kind}", **view(folder)}
    return {"name": f"operations/{prefix}.{request.context.ids.number()}", "done": True, "response": body}


@SERVICE.handles(f"{_METHODS}.create", permission="")
async def create(request: Request) -> Answer:
    """Create a folder, whose admin and editor is who creates it."""
    context, owner = request.context, request.principal
    parent = str((request.body or {}).get("parent") or "")
    require(request, "resourcemanager.folders.create", parent)
    title = _title(request.body)

    def step(tx: sqlite3.Connection) -> Resource:
        require_parent(context, parent, tx)
        name = f"folders/{context.ids.number()}"
        _require_room(context, tx, name, parent, title)
        body = {"parent": parent, "displayName": title, "state": "ACTIVE"}
        made = context.resources.insert(tx, FOLDERS, name, ORGANIZATION, body)
        context.policies.set(tx, name, {"bindings": [{"role": role, "members": [owner]} for role in _CREATOR]})
        return made

    return _done(request, "cf", "Folder", await context.db.write(step))


@SERVICE.handles(f"{_METHODS}.get")
async def get(request: Request) -> Answer:
    """One folder."""
    return view(request.context.resources.require(FOLDERS, request.name))


@SERVICE.handles(f"{_METHODS}.list", on=_parent_in_query)
async def list_folders(request: Request) -> Answer:
    """The folders that lie directly in a parent, by their titles."""
    parent, deleted = _parent_in_query(request), request.query.get("showDeleted")
    return _page(
        request,
        lambda folder: folder.body["parent"] == parent and (bool(deleted) or folder.body["state"] == "ACTIVE"),
    )


@SERVICE.handles(f"{_METHODS}.search", permission="")
async def search(request: Request) -> Answer:
    """The folders that the caller may see and that match a query (displayName=research AND state:ACTIVE)."""
    text = request.query.get("query", "")
    keep = filters.compile_filter(text) if text else None
    allowed = request.context.policies.allows
    return _page(
        request,
        lambda folder: allowed(request.principal, _GET, folder.name) and (keep is None or keep(view(folder))),
    )


def _page(request: Request, keep: Callable[[Resource], bool]) -> Answer:
    page = paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE)
    found = sorted(filter(keep, request.context.resources.every(FOLDERS)), key=lambda each: each.body["displayName"])
    shown, token = paging.cut(found, page)
    answer: Body = {"folders": [view(each) for each in shown]} if shown else {}
    if token:
        answer["nextPageToken"] = token
    return answer


@SERVICE.handles(f"{_METHODS}.patch")
async def patch(request: Request) -> Answer:
    """Give a folder another title."""
    for path in validation.field_mask(request.query.get("updateMask") or ",".join(request.body)):
        if path != "displayName":
            raise validation.unknown_mask(path)
    title = _title(request.body)

    def change(tx: sqlite3.Connection, folder: Resource) -> Body:
        _require_room(request.context, tx, folder.name, folder.body["parent"], title)
        return {**folder.body, "displayName": title}

    return _done(request, "uf", "Folder", await _change(request, change))


@SERVICE.handles(f"{_METHODS}.move", permission="")
async def move(request: Request) -> Answer:
    """Put a folder, with all that it holds, into another parent."""
    context = request.context
    target = str((request.body or {}).get("destinationParent") or "")
    found = context.resources.get(FOLDERS, request.name)
    require(request, _MOVE, found.body["parent"] if found is not None else request.name, target)

    def change(tx: sqlite3.Connection, folder: Resource) -> Body:
        if folder.name in (require_parent(context, target, tx), *above(context, target, tx)):
            raise invalid_argument(f"{folder.name} can't be moved into itself.")
        _require_room(context, tx, folder.name, target, folder.body["displayName"])
        return {**folder.body, "parent": target}

    return _done(request, "fm", "Folder", await _change(request, change))


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
    """Ask for the deletion of an empty folder, which can be taken back."""

    def change(tx: sqlite3.Connection, folder: Resource) -> Body:
        if any(_inside(request.context, tx, folder.name)):
            raise failed_precondition(f"{folder.name} is not empty: it holds folders or projects that are active.")
        return {**folder.body, "state": "DELETE_REQUESTED", "deleteTime": request.context.clock.stamp()}

    return _done(request, "df", "Folder", await _change(request, change))


@SERVICE.handles(f"{_METHODS}.undelete")
async def undelete(request: Request) -> Answer:
    """Take the deletion of a folder back."""
    context = request.context

    def change(tx: sqlite3.Connection, folder: Resource) -> Body:
        body = {key: value for key, value in folder.body.items() if key != "deleteTime"}
        require_parent(context, body["parent"], tx)
        _require_room(context, tx, folder.name, body["parent"], body["displayName"])
        return {**body, "state": "ACTIVE"}

    return _done(request, "uf", "Folder", await _change(request, change))


@SERVICE.handles(f"{_METHODS}.getIamPolicy")
async def get_policy(request: Request) -> Answer:
    """A folder's policy."""
    request.context.resources.require(FOLDERS, request.name)
    return request.context.policies.shown(request.name, request)


@SERVICE.handles(f"{_METHODS}.setIamPolicy")
async def set_policy(request: Request) -> Answer:
    """Replace a folder's policy."""
    context, name = request.context, request.name
    return await policies.replace_private(request, name, lambda tx: context.resources.require(FOLDERS, name, tx))


@SERVICE.handles(f"{_METHODS}.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on a folder."""
    return policies.held_permissions(request, request.name)


async def _change(request: Request, change: Callable[[sqlite3.Connection, Resource], Body]) -> Resource:
    """Give the folder of a request the body that `change` makes; a 404 where there is none."""
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        folder = context.resources.require(FOLDERS, request.name, tx)
        context.db.after_commit(context.policies.forget)
        return context.resources.replace(tx, FOLDERS, folder.name, change(tx, folder))

    return await context.db.write(step)


def _title(body: Body | None) -> str:
    title = str((body or {}).get("displayName") or "")
    if not _TITLE.fullmatch(title):
        raise invalid_argument(
            f'Invalid displayName "{title[:80]}": 1 to 30 letters, digits, spaces, hyphens and underscores, beginning'
            " and ending with a letter or digit."
        )
    return title


def _inside(context: Context, tx: sqlite3.Connection, name: str) -> list[Resource]:
    """The active folders and projects that lie directly in a folder or the organization."""
    folders = [each for each in context.resources.every(FOLDERS, tx) if each.body["parent"] == name]
    projects = [each for each in context.resources.every(PROJECTS, tx) if parent_of(each.body) == name]
    states = ("state", "lifecycleState")
    return [each for each in (*folders, *projects) if "ACTIVE" in (each.body.get(state) for state in states)]


def _require_room(context: Context, tx: sqlite3.Connection, name: str, parent: str, title: str) -> None:
    """Raise a 400 where a folder of that title can't lie in a parent."""
    beside = [each for each in _inside(context, tx, parent) if each.kind == FOLDERS and each.name != name]
    if any(each.body["displayName"] == title for each in beside):
        raise failed_precondition(f'There is a folder "{title}" in {parent} already: titles differ within a parent.')
    if len(beside) >= _MOST:
        raise failed_precondition(f"{parent} has {_MOST} folders, which is the most.")
    over = [each for each in (parent, *above(context, parent, tx)) if each != ORGANIZATION]
    if len(over) + _height(context, tx, name) > _HIGHEST:
        raise failed_precondition(f"Folders can't be nested more than {_HIGHEST} deep.")


def _height(context: Context, tx: sqlite3.Connection, name: str) -> int:
    """How many levels of active folders there are from a folder down, itself counted."""
    below = [each for each in _inside(context, tx, name) if each.kind == FOLDERS]
    return 1 + max((_height(context, tx, each.name) for each in below), default=0)
