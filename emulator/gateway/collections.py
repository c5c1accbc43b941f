"""Collections of AIP-style resources: create, get, list, patch, delete and IAM written once (AIP-131 to AIP-135).

A service declares a Collection and calls `crud`; the handlers register under the collection's method ids.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.access.authorization import VERBS as ASKED_AS
from emulator.errors import invalid_argument, not_found
from emulator.gateway import filters, paging, policies, validation
from emulator.gateway.request import Answer, Request
from emulator.gateway.service import Service
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
TxHook = Callable[["Context", sqlite3.Connection, Resource], None]
VERBS = ("create", "get", "list", "patch", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions")
DOT_SEGMENTS = frozenset((".", ".."))
"""Ids that programs take out of addresses (RFC 3986 6.2.2.3): what follows them would be of another resource."""


def _no_hook(_context: Context, _tx: sqlite3.Connection, _resource: Resource) -> None:
    return None


def _no_defaults(_request: Request, body: Body) -> Body:
    return body


def _named(resource: Resource) -> Body:
    return {"name": resource.name, **resource.body}


@dataclass(frozen=True)
class Collection:
    """What one kind of resource is like.

    kind          name in the table, for example "healthcare.datasets"
    segment       the collection's segment in a name, for example "datasets"
    id_parameter  query parameter with the id of a new resource; "" where the path names it (PUT) or the server makes it
    id_of         request -> id of a new resource, where it is in the body
    id_pattern    what ids look like
    parent_kind   kind of the parent that must exist; "" for a project or location
    immutable     fields that a patch may not change
    mutable       fields that a patch without mask replaces; empty means those that the body holds
    prepare       (request, body) -> body to store, for checks and defaults
    view          resource -> body of an answer
    after_create, after_delete   run in the same transaction
    list_field    key of the list in a list answer; default the segment
    """

    kind: str
    segment: str
    id_parameter: str = ""
    id_of: Callable[[Request], str] | None = None
    id_pattern: re.Pattern[str] = re.compile(r"[\w.\-]{1,256}")
    parent_kind: str = ""
    immutable: frozenset[str] = frozenset()
    mutable: frozenset[str] = frozenset()
    prepare: Callable[[Request, Body], Body] = _no_defaults
    prepare_update: Callable[[Request, Resource, Body], Body] | None = None
    view: Callable[[Resource], Body] = _named
    after_create: TxHook = _no_hook
    after_update: TxHook = _no_hook
    after_delete: TxHook = _no_hook
    list_field: str = ""
    page_size: int = 100
    page_limit: int = 1000
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the list in a list answer."""
        return self.list_field or self.segment


def crud(
    service: Service, collection: Collection, prefix: str, verbs: Iterable[str] = VERBS, permissions: str = ""
) -> None:
    """Register the handlers of `collection` under `prefix` + verb for the verbs named.

    permissions is what the permissions begin with where that does not follow from the methods: "logging.logMetrics".
    """
    makers = {
        "create": _create,
        "get": _get,
        "list": _list,
        "patch": _patch,
        "update": _patch,
        "delete": _delete,
        "getIamPolicy": _get_policy,
        "setIamPolicy": _set_policy,
        "testIamPermissions": _test_permissions,
    }
    for verb in verbs:
        permission = f"{permissions}.{ASKED_AS.get(verb, verb)}" if permissions else None
        if verb == "testIamPermissions":
            permission = ""
        service.handles(f"{prefix}.{verb}", permission=permission)(makers[verb](collection))


Handler = Callable[[Request], Any]


def new_name(collection: Collection, request: Request) -> tuple[str, str]:
    """(name, parent) of the resource that a create request asks for; a 400 for an id that is missing or malformed."""
    parent = request.name
    if "parent" not in request.path and request.method.http == "PUT":
        return parent, parent.rsplit("/", 2)[0]
    if collection.id_of is not None:
        resource_id = collection.id_of(request)
    elif collection.id_parameter:
        resource_id = request.query.get(collection.id_parameter, "")
        if not resource_id:
            raise invalid_argument(f"{collection.id_parameter} is required.")
    else:
        resource_id = request.context.ids.number()
    if not collection.id_pattern.fullmatch(resource_id):
        raise invalid_argument(
            f'Invalid {collection.id_parameter or "name"} "{resource_id[:80]}": it must match '
            f"{collection.id_pattern.pattern}."
        )
    if resource_id in DOT_SEGMENTS:
        raise invalid_argument(f'Invalid {collection.id_parameter or "name"} "{resource_id}": no path can hold it.')
    return f"{parent}/{collection.segment}/{resource_id}", parent


async def create(collection: Collection, request: Request) -> Resource:
    """Create the resource that `request` describes and return it, durable."""
    context = request.context
    name, parent = new_name(collection, request)
    body = dict(request.body or {})
    body.pop("name", None)
    body = collection.prepare(request, body)

    def step(tx: sqlite3.Connection) -> Resource:
        if collection.parent_kind and context.resources.get(collection.parent_kind, parent, tx) is None:
            raise not_found(f"Resource not found: {parent}.")
        resource = context.resources.insert(tx, collection.kind, name, parent, body)
        collection.after_create(context, tx, resource)
        return resource

    return await context.db.write(step)


def _shown(request: Request, collection: Collection, resource: Resource) -> Body:
    return _of_version(request, collection.view(resource))


def _of_version(request: Request, answer: Body) -> Body:
    """An answer without what only another version of the API has: a resource is one, whichever version made it."""
    method = request.method
    return answer if method.response is None else method.document.known(method.response, answer)


def _create(collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        return _shown(request, collection, await create(collection, request))

    return handler


def _get(collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        return _shown(request, collection, request.context.resources.require(collection.kind, request.name))

    return handler


def _list(collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        parent = request.name
        context = request.context
        if collection.parent_kind and context.resources.get(collection.parent_kind, parent) is None:
            raise not_found(f"Resource not found: {parent}.")
        page = paging.asked(request.query, collection.page_size, collection.page_limit, str)
        text = request.query.get("filter", "")
        keep = filters.compile_filter(text) if text else None
        found, last = context.resources.list(
            collection.kind,
            parent,
            page.size,
            page.name,
            None if keep is None else lambda resource: keep(collection.view(resource)),
        )
        answer: Body = {}
        if found:
            answer[collection.key] = [collection.view(resource) for resource in found]
        if last:
            answer["nextPageToken"] = paging.encode(last)
        return _of_version(request, answer)

    return handler


async def update(collection: Collection, request: Request, changes: Body, mask: list[str] | None) -> Resource:
    """Apply `changes` under a field mask (None: every field that `changes` holds) and return the resource, durable."""
    context = request.context
    name = request.name

    def step(tx: sqlite3.Connection) -> Resource:
        old = context.resources.require(collection.kind, name, tx)
        body = dict(old.body)
        for path in mask if mask is not None else list(changes):
            apply_path(body, changes, path)
        for key in collection.immutable:
            if body.get(key) != old.body.get(key):
                raise invalid_argument(f"Field {key} is immutable: it can be set only when the resource is created.")
        body.pop("name", None)
        if collection.prepare_update is not None:
            body = collection.prepare_update(request, old, body)
        resource = context.resources.replace(tx, collection.kind, name, body)
        collection.after_update(context, tx, resource)
        return resource

    return await context.db.write(step)


def apply_path(body: Body, changes: Body, path: str) -> None:
    """Copy the field at a mask path from `changes` to `body`; absent there means cleared (AIP-134)."""
    first, _, rest = path.partition(".")
    if not rest:
        if changes.get(first) in (None, {}, [], ""):
            body.pop(first, None)
        else:
            body[first] = changes[first]
        return
    inner = dict(body.get(first) or {})
    apply_path(inner, changes.get(first) or {}, rest)
    if inner:
        body[first] = inner
    else:
        body.pop(first, None)


def _patch(collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        text = request.query.get("updateMask") or (request.body or {}).get("updateMask")
        mask = validation.field_mask(text) if text else None
        if mask is not None and request.method.request is not None:
            known = request.method.document.schemas[request.method.request].get("properties", {})
            for path in mask:
                if path.partition(".")[0] not in known or path == "name":  # AIP-134: what it names is what is changed
                    raise validation.unknown_mask(path)
        if mask is None and collection.mutable:
            mask = sorted(collection.mutable)
        return _shown(request, collection, await update(collection, request, request.body or {}, mask))

    return handler


def _delete(collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        context = request.context
        name = request.name

        def step(tx: sqlite3.Connection) -> None:
            resource = context.resources.require(collection.kind, name, tx)
            collection.after_delete(context, tx, resource)
            context.resources.delete_tree(tx, name)

        await context.db.write_alone(step)  # a store may hold millions of rows
        return {}

    return handler


def _get_policy(collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        request.context.resources.require(collection.kind, request.name)
        return request.context.policies.shown(request.name, request)

    return handler


def _set_policy(collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        require = request.context.resources.require
        return await policies.replace(request, request.name, lambda tx: require(collection.kind, request.name, tx))

    return handler


def _test_permissions(_collection: Collection) -> Handler:
    async def handler(request: Request) -> Answer:
        return policies.held_permissions(request, request.name)

    return handler
