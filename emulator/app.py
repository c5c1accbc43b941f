"""The emulator at a glance: the services in order, and how one starts and stops.

The steps of a request are in gateway/pipeline.py.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import logging
from typing import Any

from emulator import principals
from emulator.access import authorization
from emulator.context import Context
from emulator.gateway.discovery import Document
from emulator.gateway.grpc.background import Background
from emulator.gateway.pipeline import Pipeline
from emulator.gateway.registry import Registry
from emulator.gateway.request import Request, Response
from emulator.gateway.routing import Found, Route
from emulator.gateway.service import Endpoint, Registration, Service, Site
from emulator.services.cloudkms.api import protecting_material
from emulator.services.iam.api import service_account_exists
from emulator.settings import Settings
from emulator.state import at_rest, blobs, data_keys, logs, operations, outbox, resources
from emulator.state.clock import Clock, Ids
from emulator.state.trouble.choosing import parse_choice

SERVICES = (
    "healthcare",
    "storage",
    "pubsub",
    "bigquery",
    "bigquerystorage",
    "serviceusage",
    "resourcemanager",
    "cloudbilling",
    "iam",
    "sts",
    "cloudidentity",
    "composer",
    "run",
    "cloudkms",
    "secretmanager",
    "logging",
    "monitoring",
    "cloudscheduler",
    "compute",
)
_PACKAGES = (*(f"emulator.services.{name}" for name in SERVICES), "emulator.web", "emulator.console")
_log = logging.getLogger("emulator")


@functools.cache
def _registry() -> Registry:
    """What all emulators of a process share: an emulator in the place of another starts in a third of the time."""
    return Registry(importlib.import_module(package).SERVICE for package in _PACKAGES)


class Emulator(Context):
    """One running emulator."""

    def __init__(self, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> None:
        super().__init__(settings, service_account_exists, clock, ids)
        self._key = principals.begin_key(settings)  # while the services are imported
        self._registry = _registry()
        self.router = self._registry.router
        self._pipeline = Pipeline(self, self._registry)
        self.services: dict[str, Service] = self._registry.services
        self.operations.runners = {
            kind: job for service in self.services.values() for kind, job in service.jobs.items()
        }
        self.outbox.deliverers = {
            kind: delivery for service in self.services.values() for kind, delivery in service.deliveries.items()
        }
        self._grpc = Background(self, [service.grpc for service in self.services.values() if service.grpc])
        self._tasks: list[asyncio.Task[Any]] = []
        self._create_tables()
        if self.blobs.keys is not None:  # before any hook, each of which may read what a version encrypted
            self.blobs.keys.material = functools.partial(protecting_material, self)

    def _create_tables(self) -> None:
        modules = (resources, blobs, data_keys, at_rest, authorization, logs, operations, outbox)
        schemas = [module.SCHEMA for module in modules] + [service.schema for service in self.services.values()]
        self.db.create(*filter(None, schemas))
        at_rest.require(self.db, self.root_key)

    async def start(self) -> None:
        """Open for requests: first principals and project, service hooks, unfinished operations."""
        principals.ensure(self, self._key)
        self.db.start()
        for service in self.services.values():
            for hook in service.start_hooks:
                await hook(self)
        await self._grpc.start()
        self._tasks.append(asyncio.create_task(self.logs.run()))
        self._tasks.append(asyncio.create_task(asyncio.to_thread(self.blobs.sweep)))
        if self.calls.log is not None:
            self._tasks.append(asyncio.create_task(self.calls.log.run()))
        await self.outbox.start()
        if self.settings.trouble:
            name, seed = parse_choice(self.settings.trouble)
            self.trouble.set({"profile": name, "seed": seed}, self.method_ids)
        self.operations.resume()

    async def stop(self) -> None:
        """Interrupt operations, run service hooks, write what is buffered, close the state."""
        await self._grpc.stop()
        await self.operations.stop()
        await self.outbox.stop()
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
        if self.calls.log is not None:
            self.calls.log.close()
        self.blobs.close()
        self.db.close()

    def registration(self, method_id: str) -> tuple[Registration, Service] | None:
        """The handler of a method and its service, or None."""
        return self._registry.registration(method_id)

    @property
    def method_ids(self) -> frozenset[str]:
        """The ids of all methods of all documents, emulated or not."""
        return self._registry.method_ids

    def documents(self, service: str) -> list[Document]:
        """The discovery documents of a service."""
        return self._registry.documents(service)

    def endpoint(self, raw_path: str) -> Endpoint | None:
        """What a service answers at that path below /_emulator/, or None."""
        return next((s.endpoints[raw_path] for s in self.services.values() if raw_path in s.endpoints), None)

    def site(self, raw_path: str) -> Site | None:
        """What a service shows browsers at that path below /_emulator/, or None."""
        sites = (site for service in self.services.values() for site in service.sites.items())
        return next((answer for prefix, answer in sites if raw_path.startswith(prefix)), None)

    async def page(self, raw_path: str, headers: dict[str, str]) -> Response | None:
        """What a service shows a browser at a path that no API has, or None."""
        for service in self.services.values():
            if service.pages is not None and (page := await service.pages(self, raw_path, headers)) is not None:
                return page
        return None

    def find(self, http: str, raw_path: str) -> Found:
        """As Router.find, also for a path that a service knows under another one (/BUCKET/OBJECT)."""
        return self._registry.find(self, http, raw_path)

    def no_route(self, http: str, raw_path: str, other: Route | None) -> Response:
        """The answer where `find` gave no route: 404, or 405 in the form of the API that has the path."""
        response = self._registry.no_route(http, raw_path, other)
        self.calls.add("", "", "", "none", response.status, 0)
        return response

    async def handle(self, request: Request) -> Response:
        """The response to a request whose method is found: all steps, from authentication to encoding."""
        return await self._pipeline.handle(request)
