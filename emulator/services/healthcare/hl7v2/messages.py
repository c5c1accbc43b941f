"""messages.get, batchGet, list, patch and delete."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import orjson

from emulator.errors import invalid_argument
from emulator.gateway import paging, validation
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import times
from emulator.services.healthcare.hl7v2 import filters, keeping, listing, stored, views
from emulator.services.healthcare.hl7v2.receiving import MESSAGES
from emulator.services.healthcare.hl7v2.stored import Json, Row, Store
from emulator.services.healthcare.labels import check_labels
from emulator.services.healthcare.service import SERVICE

BATCH = 100
"""Messages that batchGet gives at most (its parameter ids)."""
_PAGE, _LARGEST_PAGE = 100, 1000
_PAGE_BYTES = 32 << 20
"""Bytes of messages after which a page ends, unless it is in the view BASIC."""
_PERMISSION = "healthcare.hl7V2Messages"


@SERVICE.handles(f"{MESSAGES}.get", permission=f"{_PERMISSION}.get")
async def get(request: Request) -> Answer:
    """One message, whole unless the view says otherwise."""
    reader = request.context.db.reader
    store = stored.opened(request.context, _store_of(request.name))
    row, view = stored.require(reader, request.name), views.wanted(request.query, views.FULL)
    return await views.aside(row.size, lambda: _shown(request.context.db.reader, store, row, view))


@SERVICE.handles(f"{MESSAGES}.batchGet", permission=f"{_PERMISSION}.get")
async def batch_get(request: Request) -> Answer:
    """Messages by their ids, in that order, names only unless the view says otherwise; 404 where one is not there."""
    store, ids = stored.opened(request.context, request.name), request.query.get("ids") or []
    if len(ids) > BATCH:
        raise invalid_argument(f"ids has {len(ids)} entries; at most {BATCH} messages are given at once.")
    view = views.wanted(request.query, views.BASIC)

    def read() -> list[Json]:
        reader = request.context.db.reader
        found = [stored.require(reader, f"{store.name}/messages/{each}") for each in ids]
        return [_shown(reader, store, row, view) for row in found]

    messages = await asyncio.to_thread(read)
    return {"messages": messages} if messages else {}


@SERVICE.handles(f"{MESSAGES}.list", permission=f"{_PERMISSION}.list")
async def list_messages(request: Request) -> Answer:
    """A page of the messages that fit a filter, names only unless the view says otherwise."""
    query, store = request.query, stored.opened(request.context, request.name)
    page = paging.asked(query, _PAGE, _LARGEST_PAGE)
    condition = filters.compiled(query.get("filter") or "", store.zone)
    if query.get("filter") and (lag := request.context.trouble.index_lag("hl7v2_filter", store.name)):
        condition = condition.until(int((request.context.clock.seconds() - lag) * 1_000_000))
    order, view = listing.order_of(query.get("orderBy") or ""), views.wanted(query, views.BASIC)

    def read() -> Json:
        reader = request.context.db.reader
        key = stored.key_of(reader, store.name)
        if key is None:
            return {}
        found = list(listing.rows(reader, key, condition, order, page.start, page.size + 1))
        return _page(reader, store, found, page.size, view)

    return await asyncio.to_thread(read)


@SERVICE.handles(f"{MESSAGES}.patch", permission=f"{_PERMISSION}.update")
async def patch(request: Request) -> Answer:
    """Merge labels into those of a message, which is all that can be changed of one."""
    if validation.field_mask(request.query.get("updateMask") or "") != ["labels"]:
        raise invalid_argument("Invalid field mask: only labels of a message can be updated.")
    context, given = request.context, (request.body or {}).get("labels") or {}
    store = stored.opened(context, _store_of(request.name))

    def step(tx: sqlite3.Connection) -> Row:
        before = stored.require(tx, request.name)
        labels = {**orjson.loads(before.state.labels), **given}
        check_labels(labels, capitals=True)
        at = times.now(context)
        state = replace(before.state, labels=orjson.dumps(labels).decode(), changed=at, operation="")
        keeping.change(tx, before, state)
        return replace(before, state=state)

    row = await context.db.write(step)
    return await views.aside(row.size, lambda: _shown(context.db.reader, store, row, views.FULL))


@SERVICE.handles(f"{MESSAGES}.delete", permission=f"{_PERMISSION}.delete")
async def delete(request: Request) -> Answer:
    """Delete a message."""
    context = request.context
    at = times.now(context)
    await context.db.write(lambda tx: keeping.delete(tx, stored.require(tx, request.name), at))
    return {}


def _store_of(name: str) -> str:
    return name.partition("/messages/")[0]


def _page(reader: sqlite3.Connection, store: Store, found: Sequence[Row], size: int, view: str) -> Json:
    """The answer of a list; `found` has one message more than the page where another one follows."""
    shown: list[Json] = []
    left, last = _PAGE_BYTES, 0
    for row in found[:size]:
        message = _shown(reader, store, row, view)
        left -= 0 if view == views.BASIC else row.size
        shown.append(message)
        last = row.number
        if left <= 0:
            break
    answer: Json = {"hl7V2Messages": shown} if shown else {}
    if len(shown) < len(found):
        answer["nextPageToken"] = paging.encode(last)
    return answer


def _shown(reader: sqlite3.Connection, store: Store, row: Row, view: str) -> Json:
    if view == views.BASIC:
        return views.named(store.name, row)
    return views.shown(store.name, store.version, row, stored.body_of(reader, store, row), view)
