"""Bindings of tag values to resources, and the tags that a resource has, its own and inherited."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from emulator.access import roles
from emulator.access.authorization import denied
from emulator.access.conditions import Tag
from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.resourcemanager.service import SERVICE
from emulator.services.resourcemanager.tags.keys import done, require
from emulator.services.resourcemanager.tags.names import BINDINGS, KEYS, VALUES, binding_name, full, resource, service
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_METHODS = "cloudresourcemanager.tagBindings"
_DEFAULT_PAGE, _MAX_PAGE = 100, 300


@SERVICE.on_start
async def start(context: Context) -> None:
    """Let conditions of policies ask for tags."""
    context.policies.tags_of = lambda line: [_tag(body) for body in _effective(context, line)]


def _effective(context: Context, line: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The bindings that count for a resource, given with all above it, nearest first: of each key the nearest."""
    seen: set[str] = set()
    for node in line:
        for row in context.db.all("SELECT body FROM resources WHERE kind = ? AND parent = ?", (BINDINGS, node)):
            body = orjson.loads(row["body"])
            if body["tagKey"] not in seen:
                seen.add(body["tagKey"])
                yield {**body, "inherited": node != line[0]}


def _tag(body: dict[str, Any]) -> Tag:
    return Tag(body["namespacedTagKey"], body["shortName"], body["tagKey"], body["tagValue"])


def _permission(full_name: str, verb: str) -> str:
    """What is needed on a resource for its bindings: its service's own permission, or that of the hierarchy."""
    own = f"{service(full_name)}.{full_name.rsplit('/', 2)[-2]}.{verb}"
    return own if own in roles.all_permissions() else f"resourcemanager.hierarchyNodes.{verb}"


def _require_on(request: Request, full_name: str, verb: str) -> str:
    """The resource of a full name, if the caller may do that with its bindings."""
    found = resource(request.context, full_name)
    permission = _permission(full_name, verb)
    request.require(permission, found)
    return found


@SERVICE.handles(f"{_METHODS}.create", permission="")
async def create(request: Request) -> Answer:
    """Bind a value to a resource, which may have one value of each key."""
    context, body = request.context, request.body
    name = full(context, str(body.get("parent", "")))
    value = _value(request, body)
    require(request, "resourcemanager.tagValueBindings.create", value)
    parent = _require_on(request, name, "createTagBinding")
    key = context.resources.require(KEYS, value.parent)
    made = {
        "parent": name,
        "tagValue": value.name,
        "tagValueNamespacedName": value.body["namespacedName"],
        "tagKey": key.name,
        "namespacedTagKey": key.body["namespacedName"],
        "shortName": value.body["shortName"],
    }

    def step(tx: sqlite3.Connection) -> Resource:
        if any(each.body["tagKey"] == key.name for each in context.resources.list(BINDINGS, parent, tx=tx)[0]):
            raise failed_precondition(f"{name} has a value of {key.name} already; delete that binding first.")
        return context.resources.insert(tx, BINDINGS, binding_name(name, value.name), parent, made)

    return done(request, "TagBinding", _view(await context.db.write(step)))


def _value(request: Request, body: dict[str, Any]) -> Resource:
    """The value to bind, given by number or by namespaced name. Raises a 400 or 403."""
    number, namespaced = body.get("tagValue", ""), body.get("tagValueNamespacedName", "")
    if bool(number) == bool(namespaced):
        raise invalid_argument("Give one of tagValue and tagValueNamespacedName.")
    column = "name" if number else "body ->> '$.namespacedName'"
    sql = f"SELECT name FROM resources WHERE kind = ? AND {column} = ?"  # noqa: S608 - no input
    row = request.context.db.one(sql, (VALUES, number or namespaced))
    if row is None:
        raise denied("resourcemanager.tagValueBindings.create", number or namespaced)
    return request.context.resources.require(VALUES, row["name"])


def _view(binding: Resource) -> dict[str, Any]:
    shown = ("parent", "tagValue", "tagValueNamespacedName")
    return {"name": binding.name, **{key: binding.body[key] for key in shown}}


@SERVICE.handles(f"{_METHODS}.list", permission="")
async def list_bindings(request: Request) -> Answer:
    """The bindings of a resource itself."""
    name = full(request.context, request.query.get("parent", ""))
    parent = _require_on(request, name, "listTagBindings")
    return _page(request, "tagBindings", list(map(_view, request.context.resources.list(BINDINGS, parent)[0])))


@SERVICE.handles(f"{_METHODS}.delete", permission="")
async def delete(request: Request) -> Answer:
    """Take a value from a resource."""
    context = request.context
    binding = context.resources.get(BINDINGS, request.name)
    if binding is None:
        raise denied("resourcemanager.tagValueBindings.delete", request.name)
    value = context.resources.require(VALUES, binding.body["tagValue"])
    require(request, "resourcemanager.tagValueBindings.delete", value)
    _require_on(request, binding.body["parent"], "deleteTagBinding")
    await context.db.write(lambda tx: context.resources.delete(tx, BINDINGS, binding.name))
    return done(request, "", {})


@SERVICE.handles("cloudresourcemanager.effectiveTags.list", permission="")
async def list_effective(request: Request) -> Answer:
    """The tags of a resource, its own and inherited."""
    name = full(request.context, request.query.get("parent", ""))
    found = _require_on(request, name, "listEffectiveTags")
    shown = [
        {
            "tagValue": each["tagValue"],
            "namespacedTagValue": each["tagValueNamespacedName"],
            "tagKey": each["tagKey"],
            "namespacedTagKey": each["namespacedTagKey"],
            "inherited": each["inherited"],
        }
        for each in _effective(request.context, request.context.policies.line(found))
    ]
    return _page(request, "effectiveTags", shown)


def _page(request: Request, key: str, found: list[dict[str, Any]]) -> Answer:
    page, following = paging.cut(found, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {key: page} if page else {}
    return {**answer, "nextPageToken": following} if following else answer
