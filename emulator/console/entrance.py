"""The way into the console: a link that works once, for whoever holds an access token, and the session it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.access.authentication import ACCOUNTS, account_name
from emulator.console import layout
from emulator.console.html import join, tag
from emulator.console.service import BASE, PATH, sessions
from emulator.errors import ApiError, invalid_argument, permission_denied, unauthenticated
from emulator.gateway.request import Response
from emulator.web.sessions import Session

if TYPE_CHECKING:
    from emulator.context import Context

_MAKES_TOKENS, _MAKES_KEYS = "iam.serviceAccounts.getAccessToken", "iam.serviceAccountKeys.create"


def session_of(context: Context, headers: dict[str, str]) -> Session | None:
    """The session of a request's cookie, unless a page of another origin asks for something else than to be left.

    A link on another page may lead here; only pages of the console may fetch and send (Fetch Metadata).
    """
    site = headers.get("sec-fetch-site", "")
    led = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return sessions(context).of(headers) if site in ("same-origin", "none") or (site and led) else None


async def endpoint(
    context: Context, http: str, headers: dict[str, str], query: dict[str, str], body: dict[str, Any]
) -> Response:
    """POST makes a link, GET follows it, DELETE ends the caller's sessions. Raises ApiError."""
    if http == "GET":
        return await _follow(context, headers, query.get("code", ""))
    principal = context.authenticator.principal(headers)
    if not principal:
        raise unauthenticated("Only a caller with an access token may open or close the console.")
    if http == "DELETE":
        return Response.json({"ended": await sessions(context).end(principal)})
    if http == "POST":
        return Response.json({"path": f"{PATH}?code={_offer(context, principal, body)}"})
    raise ApiError(405, "UNIMPLEMENTED", "The console's endpoint takes GET, POST and DELETE.", "methodNotAllowed")


def _offer(context: Context, principal: str, body: dict[str, Any]) -> str:
    """A code for a caller, or for the service account that the body names and whose tokens or keys it may make."""
    account = body.get("serviceAccount", "")
    if not isinstance(account, str) or set(body) - {"serviceAccount"}:
        raise invalid_argument('The body must be {"serviceAccount": an e-mail address, or nothing}.')
    if not context.settings.is_loopback:
        raise permission_denied("The console works only on an emulator that listens on this machine alone.")
    if account:
        name = account_name(account)
        if not context.policies.allows(principal, _MAKES_KEYS, name):
            context.policies.require(principal, _MAKES_TOKENS, name)
        context.resources.require(ACCOUNTS, name)
        principal = f"serviceAccount:{account}"
    return sessions(context).offer(principal, "", "")


async def _follow(context: Context, headers: dict[str, str], code: str) -> Response:
    if "sec-purpose" in headers:
        return stranger(503)  # a browser looking ahead must not use up the code
    cookie, _ = await sessions(context).begin(code)
    if cookie or sessions(context).of(headers) is not None:
        return _entered(cookie)
    return stranger(403)


def _entered(cookie: str) -> Response:
    """A page that goes on to the console; not a redirect, which a browser from elsewhere follows without the cookie."""
    on = tag("meta", http_equiv="refresh", content=f"0; url={BASE}")
    return layout.bare("Console", tag("p", tag("a", "Console", href=BASE)), cookie=cookie, head=on)


def stranger(status: int) -> Response:
    """A page that says how to come in."""
    said = (
        "This address shows what the emulator holds to those who come by a fresh link: run ",
        tag("code", "python -m emulator console"),
        " and follow the one it prints.",
    )
    return layout.bare("Console", join(tag("h1", "Console"), tag("p", *said)), status)
