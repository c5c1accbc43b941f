"""Who looks at a page: the session's principal, what was asked, and the APIs with this principal's rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.console.caller import Caller, Refused
from emulator.errors import ApiError
from emulator.gateway.visit import Visit
from emulator.web.sessions import Session

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass(frozen=True)
class Visitor:
    """One visit of a session."""

    context: Context
    visit: Visit
    session: Session
    api: Caller

    @property
    def principal(self) -> str:
        """In whose name the page is made."""
        return self.session.principal

    @property
    def is_owner(self) -> bool:
        """Whether it is the owner, whose the emulator's own settings are."""
        return self.principal == self.context.settings.owner

    @property
    def project(self) -> str:
        """The project that the address names; without one the emulator's first."""
        return self.asked("project") or self.context.settings.project

    def asked(self, name: str, default: str = "") -> str:
        """A value of the address or the form, without white space around it."""
        return (self.visit.form.get(name) or self.visit.query.get(name, default)).strip()

    def must(self, name: str) -> str:
        """The same; Refused where there is none."""
        if not (value := self.asked(name)):
            raise Refused(400, f"The address lacks {name}: follow a link of another page.")
        return value

    async def control(self, http: str, path: str, body: dict[str, Any] | None = None, **query: str) -> Any:
        """The JSON of an endpoint of the emulator's own, below /_emulator/. Raises Refused."""
        try:
            answer = await self.visit.control(self.principal, http, f"/_emulator/{path}", query, body or {})
        except ApiError as error:
            raise Refused(error.code, error.message) from None
        return orjson.loads(answer.body if isinstance(answer.body, bytes) else b"{}")
