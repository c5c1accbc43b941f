"""The emulator at a glance: the steps of a request in order, then the services in order.

find the method -> authenticate -> authorise -> validate -> fault hook -> handler -> audit -> encode
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import sqlite3
import time
from typing import Any

from emulator import principals, viewer
from emulator.context import Context
from emulator.gateway import audit, authorization, encoding, neighbours, operations, unpacking, validation
from emulator.gateway.authentication import MISSING
from emulator.gateway.authorization import denied
from emulator.gateway.discovery import Document, Method, load
from emulator.gateway.errors import (
    ApiError,
    invalid_argument,
    not_found,
    not_implemented,
    storage_full,
    unauthenticated,
)
from emulator.gateway.hosts import is_loopback
from emulator.gateway.request import JSON, Answer, Request, Response
from emulator.gateway.routing import Found, Route, Router
from emulator.gateway.service import Registration, Service
from emulator.settings import Settings
from emulator.state import blobs, resources
from emulator.state.clock import Clock, Ids

SERVICES = (
    "healthcare",
    "storage",
    "pubsub",
    "bigquery",
    "serviceusage",
    "resourcemanager",
    "cloudbilling",
    "iam",
    "cloudkms",
    "logging",
    "monitoring",
    "cloudscheduler",
    "compute",
)
BODY_LIMIT = 64 << 20
TOO_DEEP = (
    "The request is nested too deeply: a filter, a pattern, a field mask or a value of the body has too many levels."
)
_log = logging.getLogger("emulator")


class Emulator(Context):
    """One running emulator: the steps of a request, and its services."""

    def __init__(self, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> None:
        super().__init__(settings, principals.service_account_exists, clock, ids)
        self.viewer = viewer.Viewer(self)
        self.services: dict[str, Service] = {name: _service(name) for name in SERVICES}
        self._owners = {name: service for service in self.services.values() for name in service.documents}
        self._documents = {name: load(name) for name in self._owners}
        self.router = Router(list(self._documents.values()))
        self._registrations: dict[str, tuple[Registration, Service]] = {
            method_id: (registration, service)
            for service in self.services.values()
            for method_id, registration in service.registrations.items()
        }
        self.operations.runners = {
            kind: job for service in self.services.values() for kind, job in service.jobs.items()
        }
        self._tasks: list[asyncio.Task[Any]] = []
        self._create_tables()

    def _create_tables(self) -> None:
        for module in (resources, blobs, authorization, audit, operations, viewer):
            self.db.create(module.SCHEMA)
        for service in self.services.values():
            if service.schema:
                self.db.create(service.schema)

    async def start(self) -> None:
        """Open for requests: first principals and project, service hooks, unfinished operations."""
        started = time.time()
        principals.ensure(self)
        self.db.start()
        for service in self.services.values():
            for hook in service.start_hooks:
                await hook(self)
        self._tasks.append(asyncio.create_task(self.logs.run()))
        self._tasks.append(asyncio.create_task(asyncio.to_thread(self.blobs.sweep, started)))
        self.operations.resume()

    async def stop(self) -> None:
        """Interrupt operations, run service hooks, write what is buffered, close the state."""
        await self.operations.stop()
        for service in reversed(self.services.values()):
            for hook in service.stop_hooks:
                try:
                    await hook(self)
                except Exception:  # noqa: BLE001  the others, and the state, are to be closed all the same
                    _log.exception("%s did not stop in order", service.name)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if "pool" in self.__dict__:
            await asyncio.to_thread(self.pool.shutdown, wait=True, cancel_futures=True)
        self.blobs.close()
        self.db.close()

    def registration(self, method_id: str) -> tuple[Registration, Service] | None:
        """The handler of a method and its service, or None."""
        return self._registrations.get(method_id)

    @property
    def method_ids(self) -> frozenset[str]:
        """The ids of all methods of all documents, emulated or not."""
        return frozenset(method.id for document in self._documents.values() for method in document.methods)

    def documents(self, service: str) -> list[Document]:
        """The discovery documents of a service."""
        return [self._documents[name] for name in self.services[service].documents]

    def find(self, http: str, raw_path: str) -> Found:
        """As Router.find, also for a path that a service knows under another one (/BUCKET/OBJECT)."""
        found = self.router.find(http, raw_path)
        if found[0] is not None:
            return found
        for service in self.services.values():
            alias = service.alias(self, raw_path) if service.alias is not None else None
            if alias is not None:
                return self.router.find(http, alias)
        return found

    def no_route(self, http: str, raw_path: str, other: Route | None) -> Response:
        """The answer where `find` gave no route: 404, or 405 in the form of the API that has the path."""
        error = _unknown_path(http, raw_path, known=other is not None)
        return self._worded(other.method, error) if other is not None else error_response(error)

    async def handle(self, request: Request) -> Response:
        """One request whose method is found: the remaining steps in order."""
        found = self._registrations.get(request.method.id)
        error: ApiError | None = None
        permission, resource, granted = "", request.name, False
        answer: Answer = None
        try:
            self._authenticate(request, self._owners[request.method.document.name])
            if found is None:
                raise not_implemented(f"{request.method.id} is not emulated.")
            registration, service = found
            self._require_api(request)
            permission, resource, granted = self._authorize(request, registration)
            if not granted:
                raise denied(permission, resource)
            await self._validate(request, service)
            if self.faults.active:
                await self.faults.strike(request.method.id)
            answer = await registration.handler(request)
        except ApiError as problem:
            error = problem
        except (sqlite3.OperationalError, OSError) as problem:
            error = _full_disk(problem)
        except RecursionError:
            error = invalid_argument(TOO_DEEP)
        except Exception:  # noqa: BLE001  a handler's bug is a 500, not the end of the emulator
            _log.exception("%s failed", request.method.id)
            error = ApiError(500, "INTERNAL", "Internal error; the emulator's log has the details.", "internalError")
        self.logs.audit(request, permission, resource, error, granted=granted)
        try:
            return self._worded(request.method, error) if error is not None else encode(request, answer)
        except ApiError as problem:  # of `fields`
            return self._worded(request.method, problem)
        except RecursionError:
            return self._worded(request.method, invalid_argument(TOO_DEEP))

    def _worded(self, method: Method, error: ApiError) -> Response:
        """An error in the form of the API that it is of, whoever found it."""
        encode_error = self._owners[method.document.name].encode_error
        worded = encode_error(method, error) if encode_error is not None else None
        return worded or error_response(error)

    def _authenticate(self, request: Request, service: Service) -> None:
        query_token = next((v for k, v in request.raw_query if k == "access_token"), "")
        principal = service.authenticate(request) if service.authenticate is not None else ""
        principal = principal or self.authenticator.principal(request.headers, query_token)
        if not principal and "cookie" in request.headers:
            principal = self.viewer.principal(request)
        if not principal:
            if service.anonymous and self._trusts_anonymous(request):
                principal = f"serviceAccount:{self.settings.account}"
            elif not service.public:
                raise unauthenticated(MISSING)
        request.principal = principal

    def _require_api(self, request: Request) -> None:
        """Nothing, or the 403 for an API that somebody disabled. One that nobody ever enabled answers."""
        if request.method.service in self.disabled_apis:
            from emulator.services.serviceusage.api import disabled

            raise disabled(request.method.service + ".googleapis.com", self.settings.project_number)

    def _trusts_anonymous(self, request: Request) -> bool:
        """A client in emulator mode sends no credentials; a web page does not count as one.

        Browsers say where a request comes from: by Origin, by Sec-Fetch-Site, and by the name they looked up (Host).
        """
        settings, headers = self.settings, request.headers
        if not settings.anonymous or not settings.is_loopback or "origin" in headers:
            return False
        host = headers.get("host")
        named_here = host is None or is_loopback(f"//{host}")
        return named_here and headers.get("sec-fetch-site", "none") == "none"

    def _authorize(self, request: Request, registration: Registration) -> tuple[str, str, bool]:
        """The permission that decides, the resource that it is asked on, and whether the caller has it."""
        permissions = registration.permission
        if permissions is None:
            permissions = (authorization.permission_of(request.method.id),)
        resource = request.name if registration.on is None else registration.on(request)
        for permission in permissions:
            if permission and not self.policies.allows(request.principal, permission, resource):
                return permission, resource, False
        return permissions[0] if permissions else "", resource, True

    async def _validate(self, request: Request, service: Service) -> None:
        method = request.method
        request.query = validation.query(method, request.raw_query, lenient=service.lenient)
        if method.is_media or request.upload:
            return
        takes_body = method.http in ("POST", "PUT", "PATCH", "DELETE")
        raw = await unpacking.read(request, BODY_LIMIT) if takes_body else b""
        request.body = validation.body(method, raw, lenient=service.lenient)


def encode(request: Request, answer: Answer) -> Response:
    """A handler's answer as bytes; `fields` reduces JSON (partial response), and raises a 400 for what is no mask."""
    if isinstance(answer, Response):
        return answer
    mask = next((v for k, v in request.raw_query if k in ("fields", "$fields") and v), None)
    return Response(200, {"content-type": JSON}, encoding.dumps(answer or {}, mask))


def error_response(error: ApiError) -> Response:
    """An error as Google's APIs answer it; a 304 has no body."""
    if error.code == 304:
        return Response(304)
    headers = {"www-authenticate": 'Bearer realm="https://accounts.google.com/"'} if error.code == 401 else {}
    return Response.json(error.to_json(), error.code, headers)


def _unknown_path(http: str, raw_path: str, *, known: bool) -> ApiError:
    """The answer where no method has the path (or not for that verb): 501 with its id for another API of Google's."""
    if method_id := neighbours.method_at(http, raw_path):
        return not_implemented(f"{method_id} is not emulated.")
    if raw_path == "/batch" or raw_path.startswith("/batch/"):
        return not_implemented("Batch requests are emulated for Cloud Storage only, at /batch/storage/v1.")
    if raw_path.startswith("/compute/"):
        return not_implemented(f"{http} {raw_path[:300]} of Compute Engine is not emulated.")
    if known:
        return ApiError(405, "UNIMPLEMENTED", "The method is not allowed for this path.", "methodNotAllowed")
    return not_found(f"The requested URL {raw_path[:300]} was not found: no API of this emulator has this path.")


def _full_disk(problem: sqlite3.OperationalError | OSError) -> ApiError:
    import errno

    if isinstance(problem, OSError) and problem.errno not in (errno.ENOSPC, errno.EDQUOT):
        _log.exception("input or output failed", exc_info=problem)
        return ApiError(500, "INTERNAL", "Internal error; the emulator's log has the details.", "internalError")
    if isinstance(problem, sqlite3.OperationalError) and "full" not in str(problem):
        _log.exception("the database failed", exc_info=problem)
        return ApiError(500, "INTERNAL", "Internal error; the emulator's log has the details.", "internalError")
    return storage_full(
        "The disk that holds the emulator's state is full; nothing was stored. Free some space and retry."
    )


def _service(name: str) -> Service:
    service: Service = importlib.import_module(f"emulator.services.{name}").SERVICE
    return service
