"""The IAM methods of tables, routines and row access policies."""

from __future__ import annotations

from collections.abc import Callable

from emulator.gateway import policies
from emulator.gateway.request import Answer, Request
from emulator.services.bigquery.service import SERVICE


def register(collection: str, require: Callable[[Request], str], *, settable: bool = True) -> None:
    """Answer the IAM methods of a collection, such as "bigquery.tables"; not every one has setIamPolicy.

    `require` gives the name of the resource that a request is about, and raises a 404 where there is none.
    """

    async def get(request: Request) -> Answer:
        return request.context.policies.shown(require(request), request)

    async def replace(request: Request) -> Answer:
        return await policies.replace(request, require(request), lambda _tx: require(request))

    async def test(request: Request) -> Answer:
        return policies.held_permissions(request, require(request))

    SERVICE.handles(f"{collection}.getIamPolicy")(get)
    if settable:
        SERVICE.handles(f"{collection}.setIamPolicy")(replace)
    SERVICE.handles(f"{collection}.testIamPermissions", permission="")(test)
