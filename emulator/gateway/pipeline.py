"""The steps of a request whose method is found, in order.

authenticate -> gates -> authorise -> validate -> faults, trouble -> handler -> audit -> encode
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.access.authentication import MISSING
from emulator.access.authorization import denied, permission_of
from emulator.context import Context
from emulator.errors import ApiError, not_implemented, permission_denied, unauthenticated
from emulator.gateway import unpacking, validation
from emulator.gateway.answers import encode
from emulator.gateway.audit import Audit
from emulator.gateway.discovery import Method
from emulator.gateway.failures import error_of
from emulator.gateway.registry import Registry
from emulator.gateway.request import Answer, Request, Response
from emulator.gateway.service import Gate, Registration, Service
from emulator.hosts import is_loopback

BODY_LIMIT = 64 << 20


class Pipeline:
    """The way of each request through one emulator."""

    def __init__(self, context: Context, registry: Registry) -> None:
        self._context = context
        self._registry = registry
        self._audit = Audit(
            context.settings, context.logs, context.policies, context.denied_calls, registry.touches_data
        )
        context.operations.ended = self._audit.ended
        services = registry.services.values()
        self._identifying = [service.identify for service in services if service.identify is not None]
        self._gates = [gate for service in services for gate in service.gates]

    async def handle(self, request: Request) -> Response:
        """The response to a request; whatever fails on the way is answered in the form of its API."""
        began = time.perf_counter()
        method, registry = request.method, self._registry
        error: ApiError | None = None
        permission, resource, granted, decision = "", request.name, False, "none"
        answer: Answer = None
        cut = ""
        try:
            self._authenticate(request, registry.owner(method))
            found = registry.registration(method.id)
            if found is None:
                raise not_implemented(f"{method.id} is not emulated.")
            registration, service = found
            _pass(self._gates, request)
            permission, resource, granted = self._authorize(request, registration)
            decision = "granted" if granted else "denied"
            if not granted:
                raise denied(permission, resource)
            _pass(service.guards, request)
            await _validate(request, service, registration)
            dial = self._context.trouble.dial if not request.aside else None
            if self._context.faults.active and not request.aside:
                await self._context.faults.strike(method.id)
            if dial is not None:
                cut = await dial.strike(method.id, request.principal, request.name)
            answer = await registration.handler(request)
            if dial is not None:
                dial.born(method.id, request.name, dict(request.raw_query))
        except Exception as problem:  # noqa: BLE001  a handler's bug is a 500, not the end of the emulator
            error = error_of(problem, method.id)
        self._audit.record(request, permission, resource, error, granted=granted, answer=answer)
        try:
            response = registry.worded(method, error) if error is not None else encode(request, answer)
        except (ApiError, RecursionError) as problem:  # of `fields`, or of an answer
            response = registry.worded(method, error_of(problem, method.id))
        if cut:
            response = replace(response, cut=cut)
        seconds = time.perf_counter() - began
        if response.status == 403 and decision == "granted":  # what a handler decides by itself
            decision = "denied"
        if not request.aside:
            self._context.calls.add(method.id, request.principal, permission, decision, response.status, seconds)
        return response

    def _authenticate(self, request: Request, service: Service) -> None:
        if request.aside:
            return
        context = self._context
        query_token = next((v for k, v in request.raw_query if k == "access_token"), "")
        principal = service.authenticate(request) if service.authenticate is not None else ""
        if not principal:
            verified = context.authenticator.verified(request.headers, query_token)
            principal, scopes = verified.principal, request.method.scopes
            request.via = verified.via
            if verified.scopes is not None and scopes and scopes.isdisjoint(verified.scopes):
                request.principal = principal
                raise out_of_scope(request.method)
        principal = principal or next(filter(None, (identify(request) for identify in self._identifying)), "")
        if not principal:
            if service.anonymous and self._trusts_anonymous(request):
                principal = f"serviceAccount:{context.settings.account}"
            elif not service.public:
                raise unauthenticated(MISSING)
        request.principal = principal

    def _trusts_anonymous(self, request: Request) -> bool:
        """Whether a request without credentials counts as the emulator's own account: a client in emulator mode.

        A web page does not. Browsers say where a request comes from: by Origin, by Sec-Fetch-Site, and by the name
        that they looked up (Host).
        """
        settings, headers = self._context.settings, request.headers
        if not settings.anonymous or not settings.is_loopback or "origin" in headers:
            return False
        host = headers.get("host")
        named_here = host is None or is_loopback(f"//{host}")
        return named_here and headers.get("sec-fetch-site", "none") == "none"

    def _authorize(self, request: Request, registration: Registration) -> tuple[str, str, bool]:
        """The permission that decides, the resource that it is asked on, and whether the caller has it."""
        permissions = registration.permission
        if permissions is None:
            permissions = (permission_of(request.method.id),)
        resource = request.name if registration.on is None else registration.on(request)
        for permission in permissions:
            if permission and not self._context.policies.allows(request.principal, permission, resource):
                return permission, resource, False
        return permissions[0] if permissions else "", resource, True


def out_of_scope(method: Method) -> ApiError:
    """The 403 for a token that none of the method's OAuth scopes was asked for with."""
    said = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": f"{method.service}.googleapis.com", "method": method.id},
    }
    text = "Request had insufficient authentication scopes."
    return permission_denied(text, reason="insufficientPermissions", details=[said])


def _pass(gates: list[Gate], request: Request) -> None:
    for gate in gates:
        gate(request)


async def _validate(request: Request, service: Service, registration: Registration) -> None:
    """Parse and check query and body against the method's schema; media goes to its handler as it comes."""
    method = request.method
    any_query = service.lenient or registration.takes_any_query(method)
    message = _take_query(request, request.raw_query, any_query=any_query)
    if method.is_media or request.upload or request.body is not None:  # a message of gRPC, which is typed already
        return
    takes_body = method.http in ("POST", "PUT", "PATCH", "DELETE")
    raw = await unpacking.read(request, BODY_LIMIT) if takes_body else b""
    if raw and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = raw.decode("latin-1")
        if service.forms:
            raw = orjson.dumps(dict(parse_qsl(form)))
        elif not service.lenient:
            raw = b""
            message = _take_query(request, [*request.raw_query, *_of_form(form)], any_query=any_query)
    body = validation.body(method, raw, lenient=service.lenient)
    request.body = validation.merged(body, message) if message else body


def _take_query(request: Request, raw: list[tuple[str, str]], *, any_query: bool) -> dict[str, Any]:
    """Give the request its query; returns what the query has of the request message."""
    rest, message = (raw, {}) if any_query else validation.in_message(request.method, raw)
    request.query = validation.query(request.method, rest, lenient=any_query)
    return message


def _of_form(form: str) -> list[tuple[str, str]]:
    """The parameters of the query that Google takes a form's fields for, in services that take no forms as OAuth does.

    So JSON which is sent as a form, curl's default, is refused (GoogleCloudPlatform/healthcare, issue 124); here with
    its first name and no value, which may be a patient's. Google's older, lenient APIs are left alone.
    """
    return [(name.partition(":")[0], value) for name, value in parse_qsl(form, keep_blank_values=True)]
