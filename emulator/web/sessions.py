"""Who looks in a browser: codes that work once, and the sessions they become, of the viewer and of the console.

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

CODE_SECONDS = 600
SESSION_SECONDS = 12 * 3600


def schema(kind: str) -> str:
    """The table of the sessions of a kind."""
    return f"""
CREATE TABLE IF NOT EXISTS {kind}_sessions(
    digest TEXT PRIMARY KEY, principal TEXT NOT NULL, store TEXT NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Whose rights, on which store ("" where it is not about one), until when (seconds since 1970)."""

    principal: str
    store: str
    expires: float


class Sessions:
    """The sessions of one emulator that are of one kind, which its cookies are named after; these go to `path`."""

    def __init__(self, context: Context, kind: str, path: str) -> None:
        self._context = context
        self._kind = kind
        self._path = path
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
        secret = secrets.token_urlsafe(32)
        session = Session(offered.principal, offered.store, self._context.clock.seconds() + SESSION_SECONDS)
        await self._keep(_digest(secret), session)
        return (
            f"{self._cookie}={secret}; Path={self._path}; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Strict",
            study,
        )

    async def adopt(self, headers: dict[str, str], session: Session) -> None:
        """Go on with the session of a request's cookie that another state knew, before this one took its place."""
        if secret := self._secret(headers):
            await self._keep(_digest(secret), session)

    async def end(self, principal: str) -> int:
        """End all sessions and links of a principal; returns how many sessions those were."""
        known = self._sessions()
        ended = [digest for digest, session in known.items() if session.principal == principal]
        self._codes = {code: kept for code, kept in self._codes.items() if kept[0].principal != principal}
        await self._context.db.write(self._delete, principal)
        for digest in ended:
            known.pop(digest, None)
        return len(ended)

    def of(self, headers: dict[str, str]) -> Session | None:
        """The session of a request's cookie, where the request was sent to this machine by name and it holds still."""
        if not is_loopback(f"//{headers.get('host', '')}"):
            return None
        secret = self._secret(headers)
        session = self._sessions().get(_digest(secret)) if secret else None
        return session if session is not None and self._holds(session) else None

    def _secret(self, headers: dict[str, str]) -> str:
        """What the cookie of a request holds, "" where there is none."""
        header = headers.get("cookie", "")
        if self._cookie not in header:
            return ""
        try:
            cookie = SimpleCookie(header).get(self._cookie)
        except CookieError:
            return ""
        return cookie.value if cookie is not None else ""

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
        return f"emulator-{self._kind}-{self._context.settings.port}"

    def _sessions(self) -> dict[str, Session]:
        if self._known is None:
            rows = self._context.db.all(f"SELECT digest, principal, store, expires FROM {self._kind}_sessions")
            self._known = {row["digest"]: Session(row["principal"], row["store"], row["expires"]) for row in rows}
        return self._known

    async def _keep(self, digest: str, session: Session) -> None:
        await self._context.db.write(self._insert, digest, session)
        self._sessions()[digest] = session

    def _insert(self, tx: sqlite3.Connection, digest: str, session: Session) -> None:
        table = f"{self._kind}_sessions"
        tx.execute(f"DELETE FROM {table} WHERE expires <= ?", (self._context.clock.seconds(),))
        row = (digest, session.principal, session.store, session.expires)
        tx.execute(f"INSERT OR REPLACE INTO {table}(digest, principal, store, expires) VALUES(?,?,?,?)", row)

    def _delete(self, tx: sqlite3.Connection, principal: str) -> None:
        tx.execute(f"DELETE FROM {self._kind}_sessions WHERE principal = ?", (principal,))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
