"""The first page: what exists in the projects that the principal may see, with counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from emulator.console.caller import Caller, Json, Refused
from emulator.console.html import Child, Html, join, tag
from emulator.console.inventory import Store, datasets, keys, stores, tables
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


async def _part(visitor: Visitor, title: str, make: Callable[[Caller, str], Awaitable[tuple[str, Child]]]) -> Part:
    try:
        count, content = await make(visitor.api, visitor.project)
    except Refused as refused:
        return Part(title, "", refusal(refused, visitor.principal))
    return Part(title, count, content)


async def _projects(api: Caller, _: str) -> tuple[str, Child]:
    listed, more = await api.listed("v3/projects:search", "projects", _MOST)
    rows = [
        (tag("a", each["projectId"], href=url("", project=each["projectId"])), each["name"].rpartition("/")[2])
        for each in listed
    ]
    return _count(listed, more), table("Projects", ("Project", "Number"), rows)


async def _stores(api: Caller, project: str) -> tuple[str, Child]:
    found = await asyncio.gather(*(stores(api, dataset) for dataset in await datasets(api, project)))
    rows = [_store(each) for listed in found for each in listed]
    return number(len(rows)), table("Stores", ("Store", "Kind", "Dataset", "Holds"), rows)


def _store(store: Store) -> Sequence[Child]:
    parts = store.name.split("/")
    link = tag("a", parts[7], href=url(store.kind.page, store=store.name))
    return link, store.kind.title, f"{parts[5]} ({parts[3]})", store.holds


async def _buckets(api: Caller, project: str) -> tuple[str, Child]:
    listed, more = await api.listed("storage/v1/b", "items", _MOST, project=project)
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


async def _topics(api: Caller, project: str) -> tuple[str, Child]:
    listed, more = await api.listed(f"v1/projects/{project}/topics", "topics", _MOST)
    subscriptions, _ = await api.listed(f"v1/projects/{project}/subscriptions", "subscriptions", _MOST)
    rows = [
        (
            tag("a", each["name"].rpartition("/")[2], href=url("topic", topic=each["name"])),
            ", ".join(s["name"].rpartition("/")[2] for s in subscriptions if s.get("topic") == each["name"]) or "none",
        )
        for each in listed
    ]
    return _count(listed, more), table("Topics", ("Topic", "Subscriptions"), rows)


async def _tables(api: Caller, project: str) -> tuple[str, Child]:
    found = await tables(api, project)
    return number(len(found)), table("Tables", ("Table", "Kind", "Rows"), [_table(each) for each in found])


def _table(found: Json) -> Sequence[Child]:
    reference = found["tableReference"]
    name = f"{reference['projectId']}.{reference['datasetId']}.{reference['tableId']}"
    link = tag("a", f"{reference['datasetId']}.{reference['tableId']}", href=url("sql", table=name))
    return link, found.get("type", "").lower(), number(found["numRows"]) if "numRows" in found else ""


async def _keys(api: Caller, project: str) -> tuple[str, Child]:
    found = await keys(api, project)
    rows = [_key(each) for each in found]
    return number(len(rows)), table("Keys", ("Key", "Key ring", "Purpose", "Primary version"), rows)


def _key(key: Json) -> Sequence[Child]:
    parts = key["name"].split("/")
    return parts[7], f"{parts[5]} ({parts[3]})", key.get("purpose", ""), key.get("primary", {}).get("state", "")


async def _accounts(api: Caller, project: str) -> tuple[str, Child]:
    listed, more = await api.listed(f"v1/projects/{project}/serviceAccounts", "accounts", _MOST)
    rows = [(each["email"], each.get("displayName", ""), "disabled" if each.get("disabled") else "") for each in listed]
    return _count(listed, more), table("Service accounts", ("Service account", "Name", "State"), rows)


def _count(listed: Sequence[object], more: bool) -> str:
    return f"{number(len(listed))}{'+' if more else ''}"


_PARTS: tuple[tuple[str, Callable[[Caller, str], Awaitable[tuple[str, Child]]]], ...] = (
    ("Projects", _projects),
    ("Stores", _stores),
    ("Buckets", _buckets),
    ("Topics", _topics),
    ("Tables", _tables),
    ("Keys", _keys),
    ("Service accounts", _accounts),
)
