"""A Google service as the emulator sees it: documents, handlers, tables, jobs, hooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.gateway.request import Answer, Request, Response
from emulator.gateway.visit import Visit

if TYPE_CHECKING:
    from emulator.context import Context, Delivery, Job
    from emulator.gateway.discovery import Method

Handler = Callable[[Request], Awaitable[Answer]]
Hook = Callable[["Context"], Awaitable[None]]
Chore = Callable[["Context"], Awaitable[dict[str, Any]]]
Runner = Callable[["Job"], Awaitable[dict[str, Any]]]
Resource = Callable[[Request], str]
Gate = Callable[[Request], None]
Pages = Callable[["Context", str, dict[str, str]], Awaitable[Response | None]]
Endpoint = Callable[["Context", str, dict[str, str], dict[str, str], dict[str, Any]], Awaitable[Response]]
Site = Callable[["Context", Visit], Awaitable[Response]]


@dataclass(frozen=True)
class Registration:
    """A handler with the permission that a caller needs and the resource on which it is checked.

    permission None means: derived from the method id. `on` None means: the resource that the path names. open_query
    says that the query may hold what the document does not declare (FHIR's searches); None means: where request or
    answer are raw bytes (DICOMweb).
    """

    method_id: str
    handler: Handler
    permission: tuple[str, ...] | None
    on: Resource | None
    open_query: bool | None = None

    def takes_any_query(self, method: Method) -> bool:
        """Whether parameters that are not declared are passed over."""
        return method.is_media if self.open_query is None else self.open_query


class Service:
    """One Google service.

    name is also its package under emulator/services; documents are discovery documents in order of precedence;
    schema is SQL run at every start (CREATE ... IF NOT EXISTS); lenient services (the older JSON APIs) ignore unknown
    fields and keep JSON nulls, as theirs do; anonymous says that their clients send no credentials to an emulator;
    forms says that bodies may be forms (application/x-www-form-urlencoded) in place of JSON, as OAuth has them;
    public says that its handlers answer callers without credentials themselves (allUsers, signed URLs); authenticate,
    where set, gives the principal that credentials of the service's own kind stand for (signatures), "" for none;
    identify, where set, gives the principal of a request of any service that shows no credentials (a session), "" for
    none; data are beginnings of the ids of methods that read or write what a resource holds (data access, in audits);
    pages, where set, answers a GET of a path (with its headers) that no API has, None for none; endpoints are those
    below /_emulator/, by path: called with verb, headers, query and body; sites answer browsers at all that lies below
    a path, which ends with a slash;
    grpc, where set, is the module with the service's gRPC methods (gateway/grpc/server.py);
    alias, where set, gives a verb and raw path that no document has those under which a document has them;
    encode_error, where set, words the errors of methods that do not answer them in Google's JSON (None: in JSON).
    """

    def __init__(
        self,
        name: str,
        documents: tuple[str, ...],
        schema: str = "",
        *,
        lenient: bool = False,
        anonymous: bool = False,
        public: bool = False,
        forms: bool = False,
        data: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.documents = documents
        self.schema = schema
        self.lenient = lenient
        self.anonymous = anonymous
        self.public = public
        self.forms = forms
        self.data = [*data]
        self.registrations: dict[str, Registration] = {}
        self.jobs: dict[str, Runner] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.start_hooks: list[Hook] = []
        self.stop_hooks: list[Hook] = []
        self.chores: list[Chore] = []
        self.gates: list[Gate] = []
        self.guards: list[Gate] = []
        self.endpoints: dict[str, Endpoint] = {}
        self.sites: dict[str, Site] = {}
        self.authenticate: Callable[[Request], str] | None = None
        self.identify: Callable[[Request], str] | None = None
        self.pages: Pages | None = None
        self.grpc: str | None = None
        self.alias: Callable[[Context, str, str], tuple[str, str] | None] | None = None
        self.encode_error: Callable[[Method, ApiError], Response | None] | None = None

    def handles(
        self,
        method_id: str,
        *,
        permission: str | tuple[str, ...] | None = None,
        on: Resource | None = None,
        open_query: bool | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register a handler under a method id; permission "" means that none is checked by the gateway."""
        permissions = (permission,) if isinstance(permission, str) else permission

        def register(handler: Handler) -> Handler:
            if method_id in self.registrations:
                raise ValueError(f"{method_id} has two handlers")
            self.registrations[method_id] = Registration(method_id, handler, permissions, on, open_query)
            return handler

        return register

    def job(self, kind: str) -> Callable[[Runner], Runner]:
        """Register what runs the long-running operations of a kind."""

        def register(runner: Runner) -> Runner:
            self.jobs[kind] = runner
            return runner

        return register

    def delivers(self, kind: str) -> Callable[[Delivery], Delivery]:
        """Register what delivers the outbox's entries of a kind."""

        def register(delivery: Delivery) -> Delivery:
            self.deliveries[kind] = delivery
            return delivery

        return register

    def chore(self, chore: Chore) -> Chore:
        """What the service does now and then by itself, to be done at once on demand; it gives what it did."""
        self.chores.append(chore)
        return chore

    def gate(self, gate: Gate) -> Gate:
        """Register what every request of any service passes before it is authorised; it raises to refuse."""
        self.gates.append(gate)
        return gate

    def guard(self, guard: Gate) -> Gate:
        """Register what every request of this service passes once it is authorised; it raises to refuse."""
        self.guards.append(guard)
        return guard

    def on_start(self, hook: Hook) -> Hook:
        """Run `hook` once the state is open, before the first request."""
        self.start_hooks.append(hook)
        return hook

    def on_stop(self, hook: Hook) -> Hook:
        """Run `hook` when the emulator stops."""
        self.stop_hooks.append(hook)
        return hook
