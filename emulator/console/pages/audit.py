"""The audit log: who called what, what was decided, and for each denied call what would have allowed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.console.caller import Json
from emulator.console.html import Child, Html, join, tag
from emulator.console.layout import Page, button, field, form, hidden, live_switch, pages, section, table, url
from emulator.console.leading import address
from emulator.console.remedies import member, remedy
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import moment, name

_SHOWN = 50
_AUDIT = 'logName:"cloudaudit.googleapis.com"'
_DENIED = "(protoPayload.authorizationInfo.granted=false OR protoPayload.status.code=7)"
_NOTE = (
    "Changes are always logged, reads where the project's audit configuration asks for it, as on Google Cloud."
    " What was denied without being logged is among the owner's requests."
)


@page("GET", "audit")
async def audit(visitor: Visitor) -> Page:
    """Entries, the newest first; those of denied calls alone where that is wanted."""
    denied, principal, token = visitor.asked("denied"), visitor.asked("principal"), visitor.asked("page")
    named = f'protoPayload.authenticationInfo.principalEmail="{_quoted(principal)}"' if principal else ""
    body = {
        "resourceNames": [f"projects/{visitor.project}"],
        "filter": " AND ".join(filter(None, (_AUDIT, _DENIED if denied else "", named))),
        "orderBy": "timestamp desc",
        "pageSize": _SHOWN,
        **({"pageToken": token} if token else {}),
    }
    answer = await visitor.api.json("POST", "v2/entries:list", body=body)
    rows = (_row(each) for each in answer.get("entries", []))
    following = answer.get("nextPageToken", "")
    where = {"project": visitor.asked("project"), "denied": denied, "principal": principal}
    content = join(
        tag("p", _NOTE, class_="note"),
        _search(visitor.project, denied, principal),
        live_switch(),
        section("Calls", table("Calls", ("When", "Who", "What, on what", "Decided"), rows, "No call."), live=True),
        pages(("Next", url("audit", **where, page=following) if following else None)),
    )
    return Page("Audit log", content)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _search(project: str, denied: str, principal: str) -> Html:
    box = tag("input", type="checkbox", id="field-denied", name="denied", value="1", checked=bool(denied))
    return form(
        "audit",
        hidden(project=project),
        tag("p", tag("label", box, " Denied calls only")),
        field("Principal's address", "principal", principal, size="40"),
        button("Show"),
        post=False,
        class_="row",
        label="Choose entries",
    )


def _row(entry: Json) -> Sequence[Child]:
    payload = entry.get("protoPayload", {})
    email = payload.get("authenticationInfo", {}).get("principalEmail", "") or "nobody"
    resource = payload.get("resourceName", "")
    to = address(resource)
    on = tag("a", name(resource), href=to) if to else name(resource)
    call = [tag("div", name(payload.get("methodName", ""))), tag("div", on)]
    return moment(entry.get("timestamp", "")), name(email), call, list(_decided(payload, email))


def _decided(payload: Json, email: str) -> Iterator[Child]:
    """How a call ended; for each permission that was missing, what would have given it."""
    status = payload.get("status", {})
    missing = [
        each for each in payload.get("authorizationInfo", []) if not each.get("granted") and each.get("permission")
    ]
    if not missing:
        yield (
            tag("span", status.get("message") or "failed", class_="bad")
            if status
            else tag("span", "done", class_="good")
        )
    for each in missing:
        permission, resource = each["permission"], each.get("resource", "")
        yield tag("span", "denied", class_="bad")
        yield tag("div", "Missing: ", tag("code", permission), " on ", tag("code", name(resource)))
        yield remedy(permission, resource, member(email)) if email != "nobody" else None
