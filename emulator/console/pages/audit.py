"""The audit log: who called what, what was decided, and for each denied call what would have allowed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.access.refusals import permission_in
from emulator.console.caller import Json
from emulator.console.html import Child, Html, join, tag
from emulator.console.layout import Page, button, field, form, hidden, live_switch, pages, section, table, url
from emulator.console.leading import address
from emulator.console.remedies import member, remedy
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import moment, name

_SHOWN = 50
NOBODY = "nobody"
_PERMISSION_DENIED = 7  # google.rpc.Code
_AUDIT = 'logName:"cloudaudit.googleapis.com"'
_DENIED = "(protoPayload.authorizationInfo.granted=false OR protoPayload.status.code=7)"
_NOTE = (
    "Changes are always logged, reads where the project's audit configuration asks for it, as on Google Cloud."
    " The owner sees below what was denied without being logged."
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
    rows = (_row(visitor, each) for each in answer.get("entries", []))
    following = answer.get("nextPageToken", "")
    where = {"project": visitor.asked("project"), "denied": denied, "principal": principal}
    content = join(
        tag("p", _NOTE, class_="note"),
        _search(visitor.project, denied, principal),
        live_switch(),
        section("Calls", table("Calls", _HEADINGS, rows, "No call."), live=True),
        pages(("Next", url("audit", **where, page=following) if following else None)),
        await _not_logged(visitor, principal) if visitor.is_owner else None,
    )
    return Page("Audit log", content)


async def _not_logged(visitor: Visitor, principal: str) -> Html:
    """The newest denied calls whose kind of access is not logged, from memory."""
    denials = (await visitor.control("GET", "denials"))["denials"]
    newest = [each for each in reversed(denials) if not principal or each["principal"].endswith(f":{principal}")]
    rows = (_unlogged(visitor, each) for each in newest[:_SHOWN])
    return section("Denied, not logged", table("Denied, not logged", _HEADINGS, rows, "No call."), live=True)


def _unlogged(visitor: Visitor, denial: Json) -> Sequence[Child]:
    email = denial["principal"].partition(":")[2] or NOBODY
    decided = _denied(visitor, denial["permission"], denial["resource"], denial["principal"])
    return moment(denial["time"]), name(email), name(denial["method"]), decided


_HEADINGS = ("When", "Who", "What, on what", "Decided")


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


def _row(visitor: Visitor, entry: Json) -> Sequence[Child]:
    payload = entry.get("protoPayload", {})
    email = payload.get("authenticationInfo", {}).get("principalEmail", "") or NOBODY
    resource = payload.get("resourceName", "")
    to = address(resource)
    on = tag("a", name(resource), href=to) if to else name(resource)
    call = [tag("div", name(payload.get("methodName", ""))), tag("div", on)]
    return moment(entry.get("timestamp", "")), name(email), call, list(_decided(visitor, payload, email))


def _decided(visitor: Visitor, payload: Json, email: str) -> Iterator[Child]:
    """How a call ended; for each permission that was missing, what would have given it."""
    status = payload.get("status", {})
    missing = list(_missing(payload))
    if not missing:
        yield (
            tag("span", status.get("message") or "failed", class_="bad")
            if status
            else tag("span", "done", class_="good")
        )
    for permission, resource in missing:
        yield _denied(visitor, permission, resource, member(email) if email != NOBODY else "")


def _denied(visitor: Visitor, permission: str, resource: str, who: str) -> Child:
    """What was missing, and what would give it to a member, where there is one."""
    said = tag("div", "Missing: ", tag("code", permission or "a right"), " on ", tag("code", name(resource)))
    return [tag("span", "denied", class_="bad"), said, _remedy(visitor, permission, resource, who) if who else None]


def _missing(payload: Json) -> Iterator[tuple[str, str]]:
    """The permissions that were asked for and not there, each with its resource.

    What a handler decides by itself, as Cloud Storage's do, is in the message alone.
    """
    decisions = [each for each in payload.get("authorizationInfo", []) if each.get("permission")]
    denied = [(each["permission"], each.get("resource", "")) for each in decisions if not each.get("granted")]
    yield from denied
    status = payload.get("status", {})
    if not denied and status.get("code") == _PERMISSION_DENIED and (told := permission_in(status.get("message", ""))):
        yield told, payload.get("resourceName", "")


def _remedy(visitor: Visitor, permission: str, resource: str, who: str) -> Html | None:
    """What to grant; for the owner, that a deny policy stands in the way, which not everybody may know."""
    if visitor.is_owner and visitor.context.policies.denies(who, permission, resource):
        return tag("p", "A deny policy forbids it: no binding would allow it.")
    return remedy(permission, resource, who)
