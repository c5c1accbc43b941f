"""What a handler, a job and a hook may ask for: the state, who may do what, logs, operations and faults."""

from __future__ import annotations

import functools
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, TypeAlias

from emulator.access import hierarchy
from emulator.access.authentication import Authenticator
from emulator.access.authorization import Policies
from emulator.access.id_tokens import IdTokens
from emulator.gateway.discovery import Document
from emulator.gateway.routing import Found, Route
from emulator.pool import LIMITS, make_pool
from emulator.settings import Settings
from emulator.state import operations
from emulator.state.calls import Calls
from emulator.state.clock import Clock, Ids
from emulator.state.denied_calls import DeniedCalls
from emulator.state.faults import Faults
from emulator.state.logs import Logs
from emulator.state.outbox import Deliverer, Outbox
from emulator.state.request_log import RequestLog
from emulator.state.state import State
from emulator.state.trouble.switch import Trouble

AccountExists = Callable[["Context", str, sqlite3.Connection | None], bool]
Delivery: TypeAlias = "Deliverer[Context]"
Job: TypeAlias = "operations.Job[Context]"


class Context(State, ABC):
    """One running emulator as its services see it; `Emulator` puts it together."""

    services: Mapping[str, object]
    """All services by name, in order."""

    def __init__(
        self, settings: Settings, account_exists: AccountExists, clock: Clock | None = None, ids: Ids | None = None
    ) -> None:
        super().__init__(settings, clock, ids)
        self.trouble = Trouble(self.clock)
        exists, lag = functools.partial(account_exists, self), self.trouble.grant_lag
        self.policies = Policies(self, exists, enforced=settings.iam, lag=lag)
        self.resources.on_policies_gone = self.policies.forget
        self.authenticator = Authenticator(self, settings.state)
        self.id_tokens = IdTokens(self, settings.state)
        self.logs = Logs(self)
        self.operations: operations.Operations[Context] = operations.Operations(self, settings.operations)
        self.operations.more_seconds = self.trouble.operation_seconds
        self.outbox: Outbox[Context] = Outbox(self)
        self.faults = Faults()
        log = settings.request_log
        self.denied_calls = DeniedCalls(self.clock)
        self.calls = Calls(self.clock, log=RequestLog(log) if log is not None else None)
        self.extensions: dict[str, Any] = {}  # what services keep for one running emulator, by "service.name"

    @functools.cached_property
    def pool(self) -> Executor:
        """Processes for CPU work (decoding, rendering, conversion); started when first used."""
        return make_pool(limits=LIMITS)

    def project_exists(self, project: str) -> bool:
        """Whether a project of that id is known and active."""
        return hierarchy.project_exists(self, project)

    def project_id(self, project: str) -> str:
        """The id of a project given by id or number."""
        return hierarchy.project_id(self, project)

    @abstractmethod
    def documents(self, service: str) -> list[Document]:
        """The discovery documents of a service."""

    @abstractmethod
    def find(self, http: str, raw_path: str) -> Found:
        """As Router.find, also for a path that a service knows under another one (/BUCKET/OBJECT)."""

    @abstractmethod
    def no_route(self, http: str, raw_path: str, other: Route | None) -> Any:
        """The Response where `find` gave no route: 404, or 405 in the form of the API that has the path."""

    @abstractmethod
    async def handle(self, request: Any) -> Any:
        """The Response to a Request whose method is found: all steps, from authentication to encoding."""
