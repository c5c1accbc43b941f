"""Views of log buckets: which of a bucket's entries somebody sees who may use the view (Logging: "Log views")."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument, not_found
from emulator.gateway import paging, policies
from emulator.gateway.collections import Collection, create, crud
from emulator.gateway.filters import Predicate
from emulator.gateway.request import Answer, Request
from emulator.services.logging.buckets import BUCKETS
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

VIEWS = "logging.views"
_METHODS = "logging.projects.locations.buckets.views"
_DEFAULT_PAGE, _MAX_PAGE = 50, 1000
# The views that buckets have by themselves, and what they show: all, or all but what may tell of patients.
_PREDEFINED = {"_AllLogs": "", "_Default": 'NOT LOG_ID("cloudaudit.googleapis.com/data_access")'}
_SOURCE = re.compile(r'\bsource\s*\(\s*"(projects/[^"\\/]+)"\s*\)', re.IGNORECASE)
_WORDS = re.compile(
    r'\s*(?:NOT\s+|-)?(?:SOURCE\(\s*"[^"]*"\s*\)|LOG_ID\(\s*"[^"]*"\s*\)|resource\.type\s*=\s*"?[\w/.-]+"?)\s*'
)


def compile_view(text: str) -> Predicate | None:
    """What a view shows, None for everything. Raises a 400 for a filter that no view may have."""
    if not text.strip():
        return None
    if not all(_WORDS.fullmatch(part) for part in re.split(r"\s+AND\s+", text.strip())):
        raise invalid_argument(
            "A view's filter joins SOURCE(), LOG_ID() and resource.type=... with AND, each with NOT."
        )
    return compile_filter(_SOURCE.sub(r'logName:"\1/"', text))


def _view(view: Resource) -> dict[str, Any]:
    return {"name": view.name, **view.body, "createTime": view.created, "updateTime": view.updated}


def _check(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    del request
    compile_view(body.get("filter", ""))
    return body


VIEW = Collection(
    kind=VIEWS,
    segment="views",
    id_parameter="viewId",
    id_pattern=re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"),
    parent_kind=BUCKETS,
    prepare=_check,
    prepare_update=lambda request, _old, body: _check(request, body),
    view=_view,
)
crud(SERVICE, VIEW, _METHODS, ("patch",))


def find(context: Context, name: str, tx: sqlite3.Connection | None = None) -> dict[str, Any]:
    """A view as Logging answers it, made by somebody or there from the beginning. Raises a 404."""
    made = context.resources.get(VIEWS, name, tx)
    if made is not None:
        return _view(made)
    bucket, _, wanted = name.partition("/views/")
    if wanted not in _PREDEFINED or context.resources.get(BUCKETS, bucket, tx) is None:
        raise not_found(f"View `{wanted[:100]}` does not exist in {bucket}.")
    return {"name": name, "filter": _PREDEFINED[wanted]}


@SERVICE.handles(f"{_METHODS}.create")
async def create_view(request: Request) -> Answer:
    """Make a view of a bucket."""
    return _view(await create(VIEW, request))


@SERVICE.handles(f"{_METHODS}.get")
async def get(request: Request) -> Answer:
    """One view."""
    return find(request.context, request.name)


@SERVICE.handles(f"{_METHODS}.list")
async def list_views(request: Request) -> Answer:
    """The views of a bucket."""
    context = request.context
    context.resources.require(BUCKETS, request.name)
    found = [find(context, f"{request.name}/views/{name}") for name in _PREDEFINED]
    found += [_view(each) for each in context.resources.list(VIEWS, request.name)[0]]
    page, following = paging.cut(found, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"views": page}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
    """Delete a view, but for those that a bucket has by itself."""
    context = request.context
    if request.name.rpartition("/")[2] in _PREDEFINED:
        raise invalid_argument("The views _AllLogs and _Default can't be deleted.")

    def step(tx: sqlite3.Connection) -> None:
        context.resources.require(VIEWS, request.name, tx)
        context.resources.delete_tree(tx, request.name)

    await context.db.write(step)
    return {}


@SERVICE.handles(f"{_METHODS}.getIamPolicy")
async def get_policy(request: Request) -> Answer:
    """The policy of a view."""
    find(request.context, request.name)
    return request.context.policies.shown(request.name, request)


@SERVICE.handles(f"{_METHODS}.setIamPolicy")
async def set_policy(request: Request) -> Answer:
    """Replace the policy of a view."""
    context = request.context
    return await policies.replace(request, request.name, lambda tx: find(context, request.name, tx))


@SERVICE.handles(f"{_METHODS}.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on a view."""
    return policies.held_permissions(request, request.name)
