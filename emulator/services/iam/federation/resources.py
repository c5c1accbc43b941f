"""What pools and providers have in common: soft deletion for thirty days, and operations that are done at once."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.errors import already_exists, failed_precondition, invalid_argument, not_found
from emulator.gateway import paging, validation
from emulator.gateway.collections import Collection, create, update
from emulator.gateway.request import Answer, Request
from emulator.services.iam.service import SERVICE
from emulator.state.clock import Clock
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

ID = re.compile(r"[a-z0-9-]{4,32}")
ACTIVE, DELETED = "ACTIVE", "DELETED"
_KEPT_SECONDS = 30 * 24 * 3600  # IAM: "Manage workload identity pools": a deleted one can be had back for 30 days
_DEFAULT_PAGE, _MAX_PAGE = 50, 1000
_TYPE = "type.googleapis.com/google.iam.v1."


def check_id(text: str, field: str) -> None:
    """Raise a 400 for what is no id of a pool or provider."""
    if not ID.fullmatch(text) or text.startswith("gcp-"):
        raise invalid_argument(
            f'Invalid {field} "{text[:80]}": 4 to 32 lower-case letters, digits and hyphens, not beginning with gcp-.'
        )


def view(resource: Resource) -> dict[str, Any]:
    """A pool or provider as IAM answers it."""
    return {"name": resource.name, **resource.body}


def is_gone(context: Context, resource: Resource) -> bool:
    """Whether one was deleted so long ago that it can't be had back."""
    expires: str = resource.body.get("expireTime", "")
    return bool(expires) and datetime.fromisoformat(expires).timestamp() <= context.clock.seconds()


def find(context: Context, kind: str, name: str, tx: sqlite3.Connection | None = None) -> Resource:
    """The pool or provider of that name, deleted or not. Raises a 404."""
    found = context.resources.get(kind, name, tx)
    if found is None or is_gone(context, found):
        raise not_found(f"Requested entity was not found: {name}.")
    return found


def is_usable(context: Context, kind: str, name: str) -> bool:
    """Whether there is such a pool or provider, neither deleted nor disabled."""
    found = context.resources.get(kind, name)
    return found is not None and found.body["state"] == ACTIVE and not found.body.get("disabled")


@dataclass(frozen=True)
class Methods:
    """The methods of pools, or of providers: of a collection whose resources answers call by a message's name."""

    collection: Collection
    message: str

    def register(self, methods: str, permissions: str) -> None:
        """Register all under the ids that begin with `methods`, each with its permission."""
        handlers: dict[str, Callable[[Request], Awaitable[Answer]]] = {
            "create": self.create,
            "get": self.get,
            "list": self.list,
            "patch": self.patch,
            "delete": self.delete,
            "undelete": self.undelete,
        }
        for verb, handler in handlers.items():
            asked = "update" if verb == "patch" else verb
            SERVICE.handles(f"{methods}.{verb}", permission=f"{permissions}.{asked}")(handler)
        SERVICE.handles(f"{methods}.operations.get", permission=f"{permissions}.get")(_operation)

    async def create(self, request: Request) -> Answer:
        """Create one; a name that is deleted stays taken until it can't be had back any more."""
        context, made = request.context, self.collection
        wanted = request.query.get(made.id_parameter, "")
        check_id(wanted, made.id_parameter)
        name = f"{request.name}/{made.segment}/{wanted}"
        old = context.resources.get(made.kind, name)
        if old is not None and not is_gone(context, old):
            raise already_exists(f"Requested entity already exists: {name}.")
        if old is not None:
            await context.db.write(lambda tx: context.resources.delete_tree(tx, name))
        return await self._done(request, await create(made, request))

    async def get(self, request: Request) -> Answer:
        """One, deleted or not."""
        return view(find(request.context, self.collection.kind, request.name))

    async def list(self, request: Request) -> Answer:
        """Those of a parent; deleted ones only where they are asked for."""
        context, shows = request.context, bool(request.query.get("showDeleted"))
        found = context.resources.list(self.collection.kind, request.name)[0]
        found = [each for each in found if not is_gone(context, each) and (shows or each.body["state"] == ACTIVE)]
        page, following = paging.cut(found, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
        answer: dict[str, Any] = {self.collection.segment: [view(each) for each in page]} if page else {}
        return {**answer, "nextPageToken": following} if following else answer

    async def patch(self, request: Request) -> Answer:
        """Change the fields of a mask."""
        if find(request.context, self.collection.kind, request.name).body["state"] == DELETED:
            raise failed_precondition(f"{request.name} is deleted; undelete it first.")
        mask = validation.field_mask(request.query.get("updateMask") or ",".join(request.body))
        return await self._done(request, await update(self.collection, request, request.body, mask))

    async def delete(self, request: Request) -> Answer:
        """Delete one, to be had back for thirty days."""
        expires = Clock.stamp_of(request.context.clock.seconds() + _KEPT_SECONDS)
        return await self._set(request, ACTIVE, {"state": DELETED, "expireTime": expires})

    async def undelete(self, request: Request) -> Answer:
        """Have one back."""
        return await self._set(request, DELETED, {"state": ACTIVE})

    async def _set(self, request: Request, before: str, fields: dict[str, Any]) -> Answer:
        context, kind = request.context, self.collection.kind

        def step(tx: sqlite3.Connection) -> Resource:
            old = find(context, kind, request.name, tx)
            if old.body["state"] != before:
                raise failed_precondition(f"{old.name} is {old.body['state']} already.")
            kept = {key: value for key, value in old.body.items() if key != "expireTime"}
            return context.resources.replace(tx, kind, old.name, {**kept, **fields})

        return await self._done(request, await context.db.write(step))

    async def _done(self, request: Request, resource: Resource) -> Answer:
        """An operation that is done, with the resource; tokens are looked at anew."""
        context = request.context
        context.authenticator.forget()
        response = {"@type": _TYPE + self.message, **view(resource)}
        operation = await context.db.write(
            lambda tx: context.operations.insert(
                tx, resource.kind, resource.name, principal=request.principal, response=response
            )
        )
        return operation.to_json()


async def _operation(request: Request) -> Answer:
    """An operation on a pool or provider."""
    return request.context.operations.require(request.name).to_json()
