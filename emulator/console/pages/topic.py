"""A topic with its messages as they come, from when somebody began to watch it; a subscription's settings."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from emulator.console import watching
from emulator.console.caller import Json
from emulator.console.html import Child, Html, join, tag
from emulator.console.layout import Page, button, facts, form, hidden, live_switch, section, table
from emulator.console.leading import address
from emulator.console.service import BASE
from emulator.console.site import page, see
from emulator.console.visitor import Visitor
from emulator.console.wording import moment, several
from emulator.gateway.request import Response

_MOST = 2000


@page("GET", "topic")
async def topic(visitor: Visitor) -> Page:
    """What a topic is set to, and what has come since somebody began to watch it."""
    name = visitor.must("topic")
    known = await visitor.api.get(f"v1/{name}")
    settings = facts(*((key, _setting(value)) for key, value in known.items()))
    way = (("Overview", BASE),)
    if "/subscriptions/" in name:
        return Page(f"Subscription {name.rpartition('/')[2]}", settings, way)
    watched = await watching.taken(visitor, name)
    content = join(settings, _not_watched(name) if watched is None else _watched(name, watched))
    return Page(f"Topic {name.rpartition('/')[2]}", content, way)


def _setting(value: object) -> Child:
    if isinstance(value, str):
        to = address(value)
        return tag("a", value, href=to) if to else value
    return tag("code", str(value))


def _not_watched(name: str) -> Html:
    said = "To watch, the console makes a subscription of its own, which ends with it or after a day without a look."
    return section("Messages", tag("p", said), form("watch", hidden(topic=name), button("Watch this topic")))


def _watched(name: str, messages: Sequence[Json]) -> Html:
    rows = [_row(message) for message in messages]
    headings = ("Published", "Content", "Attributes")
    count = tag("p", f"{several(len(rows), 'message', 'messages')}.", role="status")
    stop = form("unwatch", hidden(topic=name), tag("button", "Stop watching", type="submit", class_="quiet"))
    return join(
        live_switch(),
        section("Messages", count, table("Messages", headings, rows, "No message yet."), live=True),
        stop,
    )


def _row(message: Json) -> Sequence[Child]:
    attributes = ", ".join(f"{key}={value}" for key, value in message.get("attributes", {}).items())
    return moment(message.get("publishTime", "")), _content(base64.b64decode(message.get("data", ""))), attributes


def _content(data: bytes) -> Child:
    """A message's bytes: a link where they name what has a page, else text; base64 of what is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = base64.b64encode(data).decode()
    to = address(text)
    if to:
        return tag("a", text, href=to)
    return tag("code", text[:_MOST], " ..." if len(text) > _MOST else None)


@page("POST", "watch")
async def watch(visitor: Visitor) -> Response:
    """Begin to watch a topic."""
    name = visitor.must("topic")
    await watching.begin(visitor, name)
    return see("topic", topic=name)


@page("POST", "unwatch")
async def unwatch(visitor: Visitor) -> Response:
    """End it."""
    name = visitor.must("topic")
    await watching.end(visitor, name)
    return see("topic", topic=name)
