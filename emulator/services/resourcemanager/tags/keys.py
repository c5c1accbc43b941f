"""Tag keys and tag values: created, found by number or by namespaced name, changed, deleted while nobody uses them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.access.authorization import denied
from emulator.access.hierarchy import by_id, by_number
from emulator.errors import already_exists, failed_precondition, invalid_argument, not_implemented
from emulator.gateway import paging, policies, validation
from emulator.gateway.request import Answer, Request
from emulator.services.resourcemanager.service import SERVICE
from emulator.services.resourcemanager.tags.names import BINDINGS, KEYS, VALUES, check_short, namespace
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_DEFAULT_PAGE, _MAX_PAGE = 100, 300
_LONGEST_DESCRIPTION = 256
_TYPE = "type.googleapis.com/google.cloud.resourcemanager.v3."


def done(request: Request, message: str, body: dict[str, Any]) -> Answer:
    """An operation that is done, with what a message has."""
    response = {"@type": _TYPE + message if message else "type.googleapis.com/google.protobuf.Empty", **body}
    return {"name": f"operations/rctk.{request.context.ids.number()}", "done": True, "response": response}


def view(context: Context, tag: Resource) -> dict[str, Any]:
    """A key or value as Resource Manager answers it."""
    times = {"createTime": tag.created, "updateTime": tag.updated, "etag": tag.etag}
    return {"name": tag.name, "parent": by_number(context, tag.parent), **tag.body, **times}


def require(request: Request, permission: str, tag: Resource) -> None:
    """Raise a 403 unless the caller has a permission on a key or value, by its own policy or what is above it."""
    context, node = request.context, tag
    while True:
        if context.policies.allows(request.principal, permission, node.name):
            request.asked[permission, tag.name] = True
            return
        if node.kind == KEYS:
            break
        node = context.resources.require(KEYS, node.parent)
    granted = context.policies.allows(request.principal, permission, node.parent)
    request.asked[permission, tag.name] = granted
    if not granted:
        raise denied(permission, tag.name)


@dataclass(frozen=True)
class Methods:
    """The methods of keys, or of values."""

    kind: str
    segment: str
    message: str

    @property
    def _permissions(self) -> str:
        return f"resourcemanager.{self.segment}"

    def register(self) -> None:
        """Register all of them; what they need depends on what is above a key, so that they ask for it themselves."""
        handlers = {
            "create": self.create,
            "get": self.get,
            "getNamespaced": self.get_namespaced,
            "list": self.list,
            "patch": self.patch,
            "delete": self.delete,
            "getIamPolicy": self.get_policy,
            "setIamPolicy": self.set_policy,
            "testIamPermissions": self.test_permissions,
        }
        for verb, handler in handlers.items():
            SERVICE.handles(f"cloudresourcemanager.{self.segment}.{verb}", permission="")(handler)

    def _found(self, request: Request, verb: str) -> Resource:
        """The key or value that a request names, if the caller may do that with it."""
        tag = request.context.resources.get(self.kind, request.name)
        permission = f"{self._permissions}.{verb}"
        if tag is None:
            raise denied(permission, request.name)
        require(request, permission, tag)
        return tag

    async def create(self, request: Request) -> Answer:
        """Create one; its short name is taken once in its parent."""
        context, body = request.context, dict(request.body)
        parent, short = by_id(context, str(body.get("parent", ""))), str(body.get("shortName", ""))
        start = self._namespace(request, parent)
        check_short(short)
        made = {"shortName": short, "namespacedName": f"{start}/{short}", **_described(body)}
        if request.query.get("validateOnly"):
            return done(request, self.message, {"parent": parent, **made})

        def step(tx: sqlite3.Connection) -> Resource:
            if any(each.body["shortName"] == short for each in context.resources.list(self.kind, parent, tx=tx)[0]):
                raise already_exists(f"A {self.message} with the short name {short} already exists in {parent}.")
            number = context.ids.number()[:15]
            return context.resources.insert(tx, self.kind, f"{self.segment}/{number}", parent, made)

        return done(request, self.message, view(context, await context.db.write(step)))

    def _namespace(self, request: Request, parent: str) -> str:
        """What namespaced names in a parent begin with, if the caller may create something there."""
        context, permission = request.context, f"{self._permissions}.create"
        if self.kind == KEYS:
            start = namespace(context, parent)
            request.require(permission, parent)
            return start
        key = context.resources.get(KEYS, parent)
        if key is None:
            raise denied(permission, parent)
        require(request, permission, key)
        return str(key.body["namespacedName"])

    async def get(self, request: Request) -> Answer:
        """One by its number."""
        return view(request.context, self._found(request, "get"))

    async def get_namespaced(self, request: Request) -> Answer:
        """One by its namespaced name."""
        wanted, permission = request.query.get("name", ""), f"{self._permissions}.get"
        sql = "SELECT name FROM resources WHERE kind = ? AND body ->> '$.namespacedName' = ?"
        row = request.context.db.one(sql, (self.kind, wanted))
        if row is None:
            raise denied(permission, wanted)
        tag = request.context.resources.require(self.kind, row["name"])
        require(request, permission, tag)
        return view(request.context, tag)

    async def list(self, request: Request) -> Answer:
        """Those of a parent that the caller may see."""
        context = request.context
        parent = by_id(context, request.query.get("parent", ""))
        if self.kind == KEYS:
            request.require(f"{self._permissions}.list", parent)
        else:
            require(request, f"{self._permissions}.list", context.resources.require(KEYS, parent))
        found = [view(context, each) for each in context.resources.list(self.kind, parent)[0]]
        page, following = paging.cut(found, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
        answer: dict[str, Any] = {self.segment: page} if page else {}
        return {**answer, "nextPageToken": following} if following else answer

    async def patch(self, request: Request) -> Answer:
        """Change the description, all that can change."""
        tag, context = self._found(request, "update"), request.context
        mask = validation.field_mask(request.query.get("updateMask") or "description")
        if set(mask) - {"description", "etag"}:
            raise invalid_argument("Only the description of a key or value can be changed.")
        _require_etag(request.body.get("etag"), tag)
        kept = {key: value for key, value in tag.body.items() if key != "description"}
        body = {**kept, **_described(request.body)}
        changed = await context.db.write(lambda tx: context.resources.replace(tx, self.kind, tag.name, body))
        return done(request, self.message, view(context, changed))

    async def delete(self, request: Request) -> Answer:
        """Delete one: a key without values, a value that is bound to nothing."""
        tag, context = self._found(request, "delete"), request.context
        _require_etag(request.query.get("etag"), tag)

        def step(tx: sqlite3.Connection) -> None:
            if self.kind == KEYS and context.resources.list(VALUES, tag.name, tx=tx)[0]:
                raise failed_precondition(f"{tag.name} has values; delete them first.")
            sql = "SELECT 1 FROM resources WHERE kind = ? AND body ->> '$.tagValue' = ? LIMIT 1"
            if tx.execute(sql, (BINDINGS, tag.name)).fetchone() is not None:
                raise failed_precondition(f"{tag.name} is bound to resources; delete these bindings first.")
            context.resources.delete_tree(tx, tag.name)

        await context.db.write(step)
        return done(request, self.message, view(context, tag))

    async def get_policy(self, request: Request) -> Answer:
        """The policy of one."""
        return request.context.policies.shown(self._found(request, "getIamPolicy").name, request)

    async def set_policy(self, request: Request) -> Answer:
        """Replace the policy of one."""
        tag, context = self._found(request, "setIamPolicy"), request.context
        return await policies.replace(request, tag.name, lambda tx: context.resources.require(self.kind, tag.name, tx))

    async def test_permissions(self, request: Request) -> Answer:
        """Which of the permissions asked for the caller holds on one."""
        return policies.held_permissions(request, request.name)


def _described(body: dict[str, Any]) -> dict[str, str]:
    for field in ("purpose", "allowedValuesRegex"):
        if body.get(field):
            raise not_implemented(f"Tag keys with a {field} are not emulated.")
    text = str(body.get("description", ""))
    if len(text) > _LONGEST_DESCRIPTION:
        raise invalid_argument(f"description has at most {_LONGEST_DESCRIPTION} characters.")
    return {"description": text} if text else {}


def _require_etag(given: str | None, tag: Resource) -> None:
    if given and given != tag.etag:
        raise failed_precondition(f"The etag is not that of {tag.name}: it was changed meanwhile.")


Methods(KEYS, "tagKeys", "TagKey").register()
Methods(VALUES, "tagValues", "TagValue").register()
