"""Who looks at which store in a browser: codes that work once, and the sessions they become.

Sessions outlive a restart; of their secrets the state holds digests only.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.hosts import is_loopback

if TYPE_CHECKING:
    from emulator.context import Context

SCHEMA = """
CREATE TABLE IF NOT EXISTS viewer_sessions(
    digest TEXT PRIMARY KEY, principal TEXT NOT NULL, store TEXT NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID;
"""
CODE_SECONDS = 600
SESSION_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """Whose rights, on which store, until when (seconds since 1970)."""

    principal: str
    store: str
    expires: float


class Sessions:
    """The sessions of one emulator."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._codes: dict[str, tuple[Session, str]] = {}
        self._known: dict[str, Session] | None = None

    def any(self) -> bool:
        """Whether a browser may come: somebody has a link or a session."""
        return bool(self._codes or self._sessions())

    def offer(self, principal: str, store: str, study: str) -> str:
        """A code that works once, within CODE_SECONDS, and leads to that study ("" for the list)."""
        now = self._context.clock.seconds()
        self._codes = {code: kept for code, kept in self._codes.items() if kept[0].expires > now}
        code = secrets.token_urlsafe(32)
        self._codes[_digest(code)] = Session(principal, store, now + CODE_SECONDS), study
        return code

    async def begin(self, code: str) -> tuple[str, str]:
        """The Set-Cookie header of the new session for a code, and its study; "" where the code is no good."""
        offered, study = self._codes.pop(_digest(code), (None, ""))
        if offered is None or not self._holds(offered):
            return "", ""
        now = self._context.clock.seconds()
        secret = secrets.token_urlsafe(32)
        session = Session(offered.principal, offered.store, now + SESSION_SECONDS)
        await self._context.db.write(_insert, _digest(secret), session, now)
        self._sessions()[_digest(secret)] = session
        return f"{self._cookie}={secret}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Strict", study

    async def end(self, principal: str) -> int:
        """End all sessions and links of a principal; returns how many sessions those were."""
        known = self._sessions()
        ended = [digest for digest, session in known.items() if session.principal == principal]
        self._codes = {code: kept for code, kept in self._codes.items() if kept[0].principal != principal}
        await self._context.db.write(_delete, principal)
        for digest in ended:
            known.pop(digest, None)
        return len(ended)

    def of(self, headers: dict[str, str]) -> Session | None:
        """The session of a request's cookie, where the request was sent to this machine by name and it holds still."""
        header = headers.get("cookie", "")
        if self._cookie not in header or not is_loopback(f"//{headers.get('host', '')}"):
            return None
        try:
            cookie = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return None
        session = self._sessions().get(_digest(cookie.value)) if cookie is not None else None
        return session if session is not None and self._holds(session) else None

    def _holds(self, session: Session) -> bool:
        """Whether it has not run out, and its service account is still there and enabled."""
        if session.expires <= self._context.clock.seconds():
            return False
        kind, _, email = session.principal.partition(":")
        if kind == "serviceAccount":
            try:
                self._context.authenticator.require_enabled(email)
            except ApiError:
                return False
        return True

    @property
    def _cookie(self) -> str:
        """The cookie's name: cookies are shared by all ports of a host, so each emulator has its own."""
        return f"emulator-viewer-{self._context.settings.port}"

    def _sessions(self) -> dict[str, Session]:
        if self._known is None:
            rows = self._context.db.all("SELECT digest, principal, store, expires FROM viewer_sessions")
            self._known = {row["digest"]: Session(row["principal"], row["store"], row["expires"]) for row in rows}
        return self._known


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _insert(tx: sqlite3.Connection, digest: str, session: Session, now: float) -> None:
    tx.execute("DELETE FROM viewer_sessions WHERE expires <= ?", (now,))
    row = (digest, session.principal, session.store, session.expires)
    tx.execute("INSERT INTO viewer_sessions(digest, principal, store, expires) VALUES(?,?,?,?)", row)


def _delete(tx: sqlite3.Connection, principal: str) -> None:
    tx.execute("DELETE FROM viewer_sessions WHERE principal = ?", (principal,))
