"""The first page: what exists in the projects that the principal may see, with counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from emulator.console.caller import Caller, Json, Refused
from emulator.console.html import Child, Html, join, tag
from emulator.console.inventory import KINDS, Kind, Store, datasets, keys, stores, tables
from emulator.console.layout import Page, button, field, form, refusal, section, table, url
from emulator.console.leading import address
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import number
from emulator.gateway.request import Response

_MOST = 500


@dataclass(frozen=True)
class Part:
    """One kind of thing: its title, how many there are ("" where that may not be seen), and what to show of them."""

    title: str
    count: str
    content: Child


@page("GET", "")
async def overview(visitor: Visitor) -> Page:
    """Projects, stores, buckets, topics, tables, keys and service accounts; each part says it where it is refused."""
    parts = await asyncio.gather(*(_part(visitor, title, make) for title, make in _PARTS))
    counts = (tag("li", tag("strong", part.count), part.title) for part in parts if part.count)
    shown = (section(part.title, part.content) for part in parts)
    return Page(f"Project {visitor.project}", join(tag("ul", *counts, class_="numbers"), _open_by_name(), *shown))


def _open_by_name() -> Html:
    label = "Open a store, bucket, topic or subscription by its name"
    hint = "projects/P/locations/L/datasets/D/dicomStores/S, gs://BUCKET, projects/P/topics/T"
    return form(
        "open",
        field(label, "name", size="60", placeholder=hint, required=True),
        button("Open"),
        post=False,
        class_="row",
    )


@page("GET", "open")
async def open_by_name(visitor: Visitor) -> Response:
    """Lead to the page of what has a name, which says by itself whether it may be seen."""
    if (to := address(visitor.must("name"))) is None:
        raise Refused(400, "That is no name of a store, bucket, topic, subscription or project.")
    return Response(303, {"location": to, "cache-control": "no-store"})


async def _part(visitor: Visitor, title: str, make: Callable[[Visitor], Awaitable[tuple[str, Child]]]) -> Part:
    try:
        count, content = await make(visitor)
    except Refused as refused:
        return Part(title, "", refusal(refused, visitor.principal))
    return Part(title, count, content)


async def _projects(visitor: Visitor) -> tuple[str, Child]:
    listed, more = await visitor.api.listed("v3/projects:search", "projects", _MOST)
    rows = [
        (tag("a", each["projectId"], href=url("", project=each["projectId"])), each["name"].rpartition("/")[2])
        for each in listed
    ]
    return _count(listed, more), table("Projects", ("Project", "Number"), rows)


async def _stores(visitor: Visitor) -> tuple[str, Child]:
    """The stores of all datasets; below them, which kinds may not be listed."""
    api = visitor.api
    asked = [(dataset, kind) for dataset in await datasets(api, visitor.project) for kind in KINDS]
    found = await asyncio.gather(*(_attempted(api, *each) for each in asked))
    rows = [_store(store) for listed in found if isinstance(listed, list) for store in listed]
    refused = {str(each): each for each in found if isinstance(each, Refused)}
    shown = table("Stores", ("Store", "Kind", "Dataset", "Holds"), rows)
    return number(len(rows)), [shown, *(refusal(each, visitor.principal) for each in refused.values())]


async def _attempted(api: Caller, dataset: str, kind: Kind) -> list[Store] | Refused:
    try:
        return await stores(api, dataset, kind)
    except Refused as refused:
        return refused


def _store(store: Store) -> Sequence[Child]:
    parts = store.name.split("/")
    link = tag("a", parts[7], href=url(store.kind.page, store=store.name))
    return link, store.kind.title, f"{parts[5]} ({parts[3]})", store.holds


async def _buckets(visitor: Visitor) -> tuple[str, Child]:
    listed, more = await visitor.api.listed("storage/v1/b", "items", _MOST, project=visitor.project)
    rows = [
        (
            tag("a", each["name"], href=url("objects", bucket=each["name"])),
            each.get("location", ""),
            each.get("storageClass", ""),
            "on" if each.get("versioning", {}).get("enabled") else "off",
        )
        for each in listed
    ]
    return _count(listed, more), table("Buckets", ("Bucket", "Location", "Class", "Versioning"), rows)


async def _topics(visitor: Visitor) -> tuple[str, Child]:
    listed, more = await visitor.api.listed(f"v1/projects/{visitor.project}/topics", "topics", _MOST)
    subscriptions = await _subscriptions(visitor)
    rows = [
        (
            tag("a", each["name"].rpartition("/")[2], href=url("topic", topic=each["name"])),
            ", ".join(subscriptions.get(each["name"], [])),
        )
        for each in listed
    ]
    return _count(listed, more), table("Topics", ("Topic", "Subscriptions"), rows)


async def _subscriptions(visitor: Visitor) -> dict[str, list[str]]:
    """The ids of subscriptions by their topics; none for who may not list them."""
    found: dict[str, list[str]] = {}
    try:
        listed, _ = await visitor.api.listed(f"v1/projects/{visitor.project}/subscriptions", "subscriptions", _MOST)
    except Refused:
        return found
    for each in listed:
        found.setdefault(each.get("topic", ""), []).append(each["name"].rpartition("/")[2])
    return found


async def _tables(visitor: Visitor) -> tuple[str, Child]:
    found = await tables(visitor.api, visitor.project)
    return number(len(found)), table("Tables", ("Table", "Kind", "Rows"), [_table(each) for each in found])


def _table(found: Json) -> Sequence[Child]:
    reference = found["tableReference"]
    name = f"{reference['projectId']}.{reference['datasetId']}.{reference['tableId']}"
    link = tag("a", f"{reference['datasetId']}.{reference['tableId']}", href=url("sql", table=name))
    return link, found.get("type", "").lower(), number(found["numRows"]) if "numRows" in found else ""


async def _keys(visitor: Visitor) -> tuple[str, Child]:
    found = await keys(visitor)
    rows = [_key(each) for each in found]
    return number(len(rows)), table("Keys", ("Key", "Key ring", "Purpose", "Primary version"), rows)


def _key(key: Json) -> Sequence[Child]:
    parts = key["name"].split("/")
    return parts[7], f"{parts[5]} ({parts[3]})", key.get("purpose", ""), key.get("primary", {}).get("state", "")


async def _accounts(visitor: Visitor) -> tuple[str, Child]:
    listed, more = await visitor.api.listed(f"v1/projects/{visitor.project}/serviceAccounts", "accounts", _MOST)
    rows = [(each["email"], each.get("displayName", ""), "disabled" if each.get("disabled") else "") for each in listed]
    return _count(listed, more), table("Service accounts", ("Service account", "Name", "State"), rows)


def _count(listed: Sequence[object], more: bool) -> str:
    return f"{number(len(listed))}{'+' if more else ''}"


_PARTS: tuple[tuple[str, Callable[[Visitor], Awaitable[tuple[str, Child]]]], ...] = (
    ("Projects", _projects),
    ("Stores", _stores),
    ("Buckets", _buckets),
    ("Topics", _topics),
    ("Tables", _tables),
    ("Keys", _keys),
    ("Service accounts", _accounts),
)
