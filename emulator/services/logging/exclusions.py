"""Exclusions of a project: those of its sink _Default, each with a name (logging.projects.exclusions)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any

from emulator.errors import already_exists, invalid_argument, not_found
from emulator.gateway import paging, validation
from emulator.gateway.collections import apply_path
from emulator.gateway.request import Answer, Request
from emulator.services.logging import routing
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.service import SERVICE

Exclusion = dict[str, Any]
_METHODS = "logging.projects.exclusions"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")
_MOST = 10  # Logging: exclusions.create
_DEFAULT_PAGE, _MAX_PAGE = 50, 1000


def _kept(request: Request) -> list[Exclusion]:
    sink = request.context.resources.get(routing.SINKS, f"{_project(request)}/sinks/_Default")
    return list(sink.body.get("exclusions", [])) if sink is not None else []


def _project(request: Request) -> str:
    return "/".join(request.name.split("/")[:2])


def _find(exclusions: list[Exclusion], name: str) -> Exclusion:
    wanted = name.rpartition("/")[2]
    found = next((each for each in exclusions if each["name"] == wanted), None)
    if found is None:
        raise not_found(f"Exclusion {wanted[:100]} does not exist.")
    return found


def _checked(body: Exclusion) -> Exclusion:
    if not _NAME.fullmatch(str(body.get("name", ""))):
        raise invalid_argument("name is 1 to 100 letters, digits, _, - and ., beginning with a letter or digit.")
    if not str(body.get("filter", "")).strip():
        raise invalid_argument("filter is required: it says which entries are excluded.")
    compile_filter(body["filter"])
    return body


async def _change(request: Request, change: Callable[[list[Exclusion]], list[Exclusion]]) -> None:
    """Replace the exclusions of the sink _Default."""
    context, name = request.context, f"{_project(request)}/sinks/_Default"

    def step(tx: sqlite3.Connection) -> None:
        sink = context.resources.require(routing.SINKS, name, tx)
        body = {**sink.body, "exclusions": change(list(sink.body.get("exclusions", [])))}
        routing.changed(context, tx, context.resources.replace(tx, routing.SINKS, name, body))

    await context.db.write(step)


@SERVICE.handles(f"{_METHODS}.create")
async def create(request: Request) -> Answer:
    """Exclude the entries that a filter takes from the bucket _Default."""
    stamp = request.context.clock.stamp()
    made = {**_checked(dict(request.body)), "createTime": stamp, "updateTime": stamp}

    def add(before: list[Exclusion]) -> list[Exclusion]:
        if any(each["name"] == made["name"] for each in before):
            raise already_exists(f"Exclusion {made['name']} already exists.")
        if len(before) >= _MOST:
            raise invalid_argument(f"A project has at most {_MOST} exclusions.")
        return [*before, made]

    await _change(request, add)
    return made


@SERVICE.handles(f"{_METHODS}.get")
async def get(request: Request) -> Answer:
    """One exclusion."""
    return _find(_kept(request), request.name)


@SERVICE.handles(f"{_METHODS}.list")
async def list_exclusions(request: Request) -> Answer:
    """The exclusions of a project."""
    page, following = paging.cut(_kept(request), paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"exclusions": page} if page else {}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles(f"{_METHODS}.patch")
async def patch(request: Request) -> Answer:
    """Change the fields of a mask."""
    mask = validation.field_mask(request.query.get("updateMask", ""))
    changed: Exclusion = {}

    def replace(before: list[Exclusion]) -> list[Exclusion]:
        old = _find(before, request.name)
        changed.update(old)
        for path in mask:
            apply_path(changed, request.body, path)
        changed.update(_checked({**changed, "name": old["name"]}), updateTime=request.context.clock.stamp())
        return [changed if each is old else each for each in before]

    await _change(request, replace)
    return changed


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
    """Exclude these entries no more."""

    def without(before: list[Exclusion]) -> list[Exclusion]:
        gone = _find(before, request.name)
        return [each for each in before if each is not gone]

    await _change(request, without)
    return {}
