"""All services together: which document, method and handler is whose, and what has a path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.gateway.answers import error_response
from emulator.gateway.discovery import Document, Method, load
from emulator.gateway.neighbours import unknown_path
from emulator.gateway.request import Response
from emulator.gateway.routing import Found, Route, Router
from emulator.gateway.service import Registration, Service

if TYPE_CHECKING:
    from emulator.context import Context


class Registry:
    """The services in their order, which decides where documents claim the same path."""

    def __init__(self, services: Iterable[Service]) -> None:
        self.services = {service.name: service for service in services}
        self._owners = {name: service for service in self.services.values() for name in service.documents}
        self._documents = {name: load(name) for name in self._owners}
        self.router = Router(list(self._documents.values()))
        self._registrations: dict[str, tuple[Registration, Service]] = {
            method_id: (registration, service)
            for service in self.services.values()
            for method_id, registration in service.registrations.items()
        }

    def registration(self, method_id: str) -> tuple[Registration, Service] | None:
        """The handler of a method and its service, or None."""
        return self._registrations.get(method_id)

    def owner(self, method: Method) -> Service:
        """The service that a method is of, emulated or not."""
        return self._owners[method.document.name]

    @property
    def method_ids(self) -> frozenset[str]:
        """The ids of all methods of all documents, emulated or not."""
        return frozenset(method.id for document in self._documents.values() for method in document.methods)

    def documents(self, service: str) -> list[Document]:
        """The discovery documents of a service."""
        return [self._documents[name] for name in self.services[service].documents]

    def touches_data(self, method: Method) -> bool:
        """Whether a method reads or writes what a resource holds, and not the resource: see Service.data."""
        return method.id.startswith(tuple(self.owner(method).data))

    def find(self, context: Context, http: str, raw_path: str) -> Found:
        """As Router.find, also for a path that a service knows under another one (/BUCKET/OBJECT)."""
        found = self.router.find(http, raw_path)
        if found[0] is not None:
            return found
        for service in self.services.values():
            alias = service.alias(context, http, raw_path) if service.alias is not None else None
            if alias is not None:
                return self.router.find(*alias)
        return found

    def no_route(self, http: str, raw_path: str, other: Route | None) -> Response:
        """The answer where `find` gave no route: 404, or 405 in the form of the API that has the path."""
        error = unknown_path(http, raw_path, known=other is not None)
        return self.worded(other.method, error) if other is not None else error_response(error)

    def worded(self, method: Method, error: ApiError) -> Response:
        """An error in the form of the API that it is of, whoever found it."""
        encode_error = self.owner(method).encode_error
        worded = encode_error(method, error) if encode_error is not None else None
        response = worded or error_response(error)
        if error.retry_after:
            response.headers["retry-after"] = str(error.retry_after)
        return response
