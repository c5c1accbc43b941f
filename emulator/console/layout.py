"""What all pages look like: the frame with its links, sections, tables, forms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from emulator.console.caller import Refused
from emulator.console.html import Child, Html, join, tag
from emulator.console.remedies import remedy
from emulator.console.service import BASE
from emulator.console.visitor import Visitor
from emulator.gateway.request import Response

# Nothing is loaded from elsewhere, no script or style is in a page, nothing is sent elsewhere, no page frames this one.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_LINKS = (
    ("", "Overview"),
    ("operations", "Operations"),
    ("audit", "Audit log"),
    ("sql", "SQL"),
)
_OWNERS = (("requests", "Requests"), ("faults", "Faults"), ("snapshots", "Snapshots"))


@dataclass(frozen=True)
class Page:
    """A page: its title, the way to it as (title, address), what it shows, its HTTP status."""

    title: str
    content: Child
    way: Sequence[tuple[str, str]] = ()
    status: int = 200


def url(page: str, /, **query: str) -> str:
    """The address of a page of the console; what is empty is left out."""
    kept = {name: value for name, value in query.items() if value}
    return f"{BASE}{page}?{urlencode(kept)}" if kept else f"{BASE}{page}"


def response(visitor: Visitor, page: Page) -> Response:
    """A page in its frame."""
    body = join(tag("a", "To the content", href="#content", class_="skip"), _header(visitor), _main(page))
    return Response(page.status, _HEADERS, document(page.title, body))


def bare(title: str, content: Html, status: int = 200, cookie: str = "", head: Child = None) -> Response:
    """A page without links, for who has no session yet; with the cookie of a new one, and more in its head."""
    headers = {**_HEADERS, "set-cookie": cookie} if cookie else _HEADERS
    return Response(status, headers, document(title, tag("main", content, id="content"), head))


def document(title: str, body: Html, head: Child = None) -> bytes:
    """A whole document."""
    links = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} - emulator"),
        tag("link", rel="stylesheet", href=f"{BASE}style.css"),
        tag("link", rel="icon", href=f"{BASE}icon.svg", type="image/svg+xml"),
        tag("script", src=f"{BASE}script.js", defer=True),
        head,
    )
    text = f"<!doctype html>{tag('html', tag('head', *links), tag('body', body), lang='en')}"
    return text.encode("utf-8", "replace")


def _header(visitor: Visitor) -> Html:
    links = (*_LINKS, *(_OWNERS if visitor.is_owner else ()))
    here = visitor.visit.path.removeprefix(BASE)
    project = visitor.asked("project")  # the address of another one than the emulator's first goes with all links
    items = (
        tag("li", tag("a", name, href=url(page, project=project), aria_current="page" if page == here else None))
        for page, name in links
    )
    leave = form("leave", tag("button", "Leave", type="submit", class_="quiet"))
    who = tag("p", "As ", tag("strong", visitor.principal.partition(":")[2]), class_="who")
    return tag("header", tag("nav", tag("ul", *items), aria_label="Pages"), tag("div", who, leave, class_="session"))


def _main(page: Page) -> Html:
    way = (tag("li", tag("a", name, href=address)) for name, address in page.way)
    crumbs = tag("nav", tag("ol", *way), aria_label="Way to this page", class_="way") if page.way else None
    return tag("main", crumbs, tag("h1", page.title), page.content, id="content", tabindex="-1")


def section(title: str, *content: Child, live: bool = False) -> Html:
    """A part of a page with a heading; a live one is renewed every two seconds by the page's script."""
    name = "section-" + "".join(char if char.isalnum() else "-" for char in title.lower())
    heading = tag("h2", title, id=f"{name}-title")
    return tag("section", heading, *content, id=name, aria_labelledby=f"{name}-title", data_live=live)


def live_switch() -> Html:
    """A button that stops and continues the renewal of live sections; hidden where no script runs."""
    return tag(
        "p",
        tag("button", "Pause", type="button", data_pause=True, aria_pressed="false", class_="quiet", hidden=True),
        tag("span", "", role="status", data_said=True),
        class_="live",
    )


def table(caption: str, headings: Sequence[Child], rows: Iterable[Sequence[Child]], empty: str = "None.") -> Html:
    """Rows under headings, the first cell of each row being its name; a sentence where there is no row."""
    written = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    if not written:
        return tag("p", empty, class_="empty")
    head = tag("thead", tag("tr", *(tag("th", heading, scope="col") for heading in headings)))
    body = tag("table", tag("caption", caption, class_="unseen"), head, tag("tbody", *written))
    return tag("div", body, class_="wide", role="region", aria_label=caption, tabindex="0")


def facts(*pairs: tuple[str, Child]) -> Html:
    """Names with values, for those that have one."""
    shown = ((tag("dt", name), tag("dd", value)) for name, value in pairs if value not in (None, ""))
    return tag("dl", *(child for pair in shown for child in pair))


def form(action: str, *content: Child, post: bool = True, class_: str | None = None, label: str | None = None) -> Html:
    """A form that goes to a page of the console; by POST where it changes something or holds what is private."""
    return tag(
        "form",
        *content,
        action=BASE + action,
        method="post" if post else "get",
        class_=class_,
        aria_label=label,
        role="search" if not post else None,
    )


def hidden(**values: str) -> Html:
    """What a form sends without showing it."""
    return join(*(tag("input", type="hidden", name=name, value=value) for name, value in values.items()))


def field(label: str, name: str, value: str = "", **attributes: str | bool | None) -> Html:
    """A text field under its label."""
    given: dict[str, str | bool | None] = {"type": "text", "autocomplete": "off", **attributes}
    return tag(
        "p",
        tag("label", label, for_=f"field-{name}"),
        tag("input", id=f"field-{name}", name=name, value=value, **given),
    )


def button(text: str) -> Html:
    """What sends a form."""
    return tag("button", text, type="submit")


def refusal(refused: Refused, principal: str) -> Html:
    """An answer that is an error, in its own words; of a missing permission also the binding that would give it."""
    said = tag("p", f"{refused.status}: {refused.message}")
    if not refused.permission:
        return tag("div", said, class_="refused")
    return tag("div", said, remedy(refused.permission, refused.resource, principal), class_="refused")


def pages(*links: tuple[str, str | None]) -> Html:
    """Links to other pages of a list, those that have an address."""
    items = (tag("li", tag("a", name, href=address)) for name, address in links if address)
    return tag("nav", tag("ul", *items), aria_label="Pages of the list", class_="pages")
