"""Snapshots, for the owner: states that were saved, to be saved, restored and deleted."""

from __future__ import annotations

from urllib.parse import quote

from emulator.console.caller import Json
from emulator.console.html import Child, Html, join, tag
from emulator.console.layout import Page, button, field, form, hidden, section, table
from emulator.console.service import sessions
from emulator.console.site import page, see
from emulator.console.visitor import Visitor
from emulator.console.wording import moment
from emulator.gateway.request import Response


@page("GET", "snapshots")
async def snapshots(visitor: Visitor) -> Page:
    """What was saved, and a form to save the state as it is."""
    found = (await visitor.control("GET", "snapshots"))["snapshots"]
    rows = (_row(each) for each in found)
    saving = form(
        "snapshots", field("Name", "name", required=True), button("Save"), class_="row", label="Save the state"
    )
    content = join(
        section("Saved", table("Snapshots", ("Name", "Saved", "Size", "What to do"), rows, "No snapshot.")),
        section("Save the state as it is", saving),
    )
    return Page("Snapshots", content)


def _row(snapshot: Json) -> tuple[Child, ...]:
    name = snapshot["name"]
    does = (_button("restore", "Restore", name), _button("delete-snapshot", "Delete", name))
    return name, moment(snapshot["createTime"]), f"{snapshot['sizeBytes'] / 1e6:.1f} MB", does


def _button(action: str, text: str, name: str) -> Html:
    unseen = tag("span", f" {name}", class_="unseen")
    return form(action, hidden(name=name), tag("button", text, unseen, type="submit", class_="danger"))


@page("POST", "snapshots")
async def save(visitor: Visitor) -> Response:
    """Save the state under a name."""
    await visitor.control("POST", "snapshots", {"name": visitor.must("name")})
    return see("snapshots")


@page("POST", "restore")
async def restore(visitor: Visitor) -> Response:
    """Put a snapshot in the place of the state; this session goes on, though the snapshot does not know it."""
    await visitor.control("POST", f"snapshots/{quote(visitor.must('name'), safe='')}:restore")
    await sessions(visitor.visit.current()).adopt(visitor.visit.headers, visitor.session)
    return see("snapshots")


@page("POST", "delete-snapshot")
async def delete(visitor: Visitor) -> Response:
    """Delete a snapshot."""
    await visitor.control("DELETE", f"snapshots/{quote(visitor.must('name'), safe='')}")
    return see("snapshots")
