"""An HL7v2 store: its newest messages as they come, and one message."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from emulator.console.caller import Json
from emulator.console.html import Child, join, tag
from emulator.console.layout import (
    Page,
    button,
    facts,
    field,
    form,
    hidden,
    live_switch,
    pages,
    section,
    table,
    url,
)
from emulator.console.service import BASE
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import moment

_SHOWN = 50


@page("GET", "hl7v2")
async def messages(visitor: Visitor) -> Page:
    """Messages that fit a filter, those that were sent last first."""
    store, filter_, token = visitor.must("store"), visitor.asked("filter"), visitor.asked("page")
    query = {
        "pageSize": str(_SHOWN),
        "view": "RAW_ONLY",
        "orderBy": "send_time desc",
        "filter": filter_,
        "pageToken": token,
    }
    answer = await visitor.api.get(f"v1/{store}/messages", **{name: value for name, value in query.items() if value})
    following = answer.get("nextPageToken", "")
    onward = url("hl7v2", store=store, filter=filter_, page=following) if following else None
    rows = (_row(each) for each in answer.get("hl7V2Messages", []))
    content = join(
        facts(("Store", store)),
        _search(store, filter_),
        live_switch(),
        section("Messages", table("Messages", _HEADINGS, rows, "No message fits."), live=True),
        pages(("Next", onward)),
    )
    return Page(f"Messages of {store.rpartition('/')[2]}", content, (("Overview", BASE),))


_HEADINGS = ("Message", "Type", "From", "To", "Sent", "Came")


def _search(store: str, filter_: str) -> Child:
    return form(
        "hl7v2",
        hidden(store=store),
        field("Filter", "filter", filter_, size="50", placeholder='messageType = "ADT"'),
        button("Search"),
        post=False,
        class_="row",
        label="Search messages",
    )


def _row(message: Json) -> Sequence[Child]:
    name = message["name"]
    link = tag("a", name.rpartition("/")[2][:16], href=url("message", name=name))
    keys = ("messageType", "sendFacility", "receivingFacility", "sendTime", "createTime")
    return link, *(moment(message.get(key, "")) for key in keys)


@page("GET", "message")
async def message(visitor: Visitor) -> Page:
    """One message: its bytes as text, a segment a line."""
    name = visitor.must("name")
    found = await visitor.api.get(f"v1/{name}", view="FULL")
    text = base64.b64decode(found.get("data", "")).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    patients = ", ".join(f"{each.get('value', '')} ({each.get('type', '')})" for each in found.get("patientIds", []))
    labels = ", ".join(f"{key}={value}" for key, value in found.get("labels", {}).items())
    content = join(
        facts(("Type", found.get("messageType")), ("Sent", found.get("sendTime")), ("Came", found.get("createTime"))),
        facts(("Patient ids", patients), ("Labels", labels), ("Name", name)),
        section("Content", tag("pre", tag("code", text), tabindex="0")),
    )
    store = name.partition("/messages/")[0]
    way = (("Overview", BASE), (f"Messages of {store.rpartition('/')[2]}", url("hl7v2", store=store)))
    return Page("Message", content, way)
