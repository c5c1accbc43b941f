"""The newest requests of programs, for the owner: what was called by whom, what was decided, how long it took."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.console.caller import Json
from emulator.console.html import Child, Html, join, tag
from emulator.console.layout import Page, button, field, form, live_switch, section, table
from emulator.console.remedies import smallest_role
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import moment, name

_SHOWN = 200
_FILTERS = {"method": "Method begins with", "principal": "Principal", "status": "Status (404, 5xx)"}


@page("GET", "requests")
async def requests(visitor: Visitor) -> Page:
    """Those that fit the filters, the newest first. What pages of the console ask is not among them."""
    given = {name: value for name in (*_FILTERS, "decision") if (value := visitor.asked(name))}
    answer = await visitor.control("GET", "requests", None, **given, limit=str(_SHOWN))
    rows = (_row(each) for each in reversed(answer["requests"]))
    headings = ("When", "Method", "Who", "Status", "Decided", "Milliseconds")
    content = join(
        _search(given),
        live_switch(),
        section("Newest", table("Requests", headings, rows, "No request."), live=True),
    )
    return Page("Requests", content)


def _search(given: dict[str, str]) -> Html:
    box = tag("input", type="checkbox", name="decision", value="denied", checked=given.get("decision") == "denied")
    fields = (field(label, name, given.get(name, "")) for name, label in _FILTERS.items())
    denied = tag("p", tag("label", box, " Denied only"))
    return form("requests", *fields, denied, button("Show"), post=False, class_="row", label="Choose requests")


def _row(request: Json) -> Sequence[Child]:
    failed = request["status"] >= 400
    return (
        moment(request["time"]),
        name(request["method"] or "no method"),
        name(request["principal"].partition(":")[2]),
        tag("span", request["status"], class_="bad" if failed else None),
        _decided(request),
        str(request["milliseconds"]),
    )


def _decided(request: Json) -> Child:
    if request["decision"] != "denied":
        return str(request["decision"])
    role = smallest_role(request["permission"])
    said = tag("div", "Missing: ", tag("code", request["permission"]))
    return [tag("span", "denied", class_="bad"), said, tag("div", "Allowed by ", tag("code", role)) if role else None]
