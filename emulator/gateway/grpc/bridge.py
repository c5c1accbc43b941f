"""A unary gRPC call as a request on the same way as REST, so that both have the same rights, faults and audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import orjson
from google.protobuf import json_format
from google.protobuf.message import Message as Proto
from google.rpc import error_details_pb2, status_pb2

from emulator.context import Context
from emulator.errors import RPC_CODES, ApiError, not_implemented, unauthenticated
from emulator.gateway.answers import error_response
from emulator.gateway.grpc.calls import Call
from emulator.gateway.request import Request, Response

_DETAILS = error_details_pb2.DESCRIPTOR  # types that can be read from JSON once they are imported
Servicer = Any  # grpc.aio.ServicerContext has no usable type
CODES = {code.value[0]: code for code in grpc.StatusCode}


class Bridge:
    """What the gRPC methods of all services are made with, for one emulator."""

    def __init__(self, context: Context) -> None:
        self.context = context
        services = context.services
        self._methods = {m.id: m for name in services for document in context.documents(name) for m in document.methods}

    def unary(self, call: Call) -> Any:
        """The gRPC handler of a method that REST has, too."""

        async def handler(message: Proto, servicer: Servicer) -> Proto:
            fields = json_format.MessageToDict(message)
            path = {variable: str(_field(fields, source)) for variable, source in call.path.items()}
            query = [(name, str(fields.pop(name))) for name in call.query if name in fields]
            answer = await self.rest(servicer, call.method_id, path, query, _body(call, fields))
            return parsed(call.response, answer)

        return self.handler(call.request, handler)

    def handler(self, request: Any, handle: Callable[[Proto, Servicer], Awaitable[Proto]]) -> Any:
        """The gRPC handler that calls `handle` with messages of a protobuf class."""
        return grpc.unary_unary_rpc_method_handler(handle, request.FromString, serialize)

    async def rest(
        self, servicer: Servicer, method_id: str, path: dict[str, str], query: list[tuple[str, str]], body: Any
    ) -> dict[str, Any]:
        """The JSON that the REST method answers; an error ends the call with its gRPC code and message."""
        response = await self.call(servicer, method_id, path, query, orjson.dumps(body) if body else b"")
        await self.check(servicer, response)
        answer: dict[str, Any] = orjson.loads(response.body if isinstance(response.body, bytes) else b"{}")
        return answer

    async def call(
        self,
        servicer: Servicer,
        method_id: str,
        path: dict[str, str],
        query: list[tuple[str, str]] | None = None,
        raw: bytes = b"",
        message: Any = None,
    ) -> Response:
        """The Response of a method on the way of REST, errors included.

        raw are the bytes of the body; `message` is what the handler of a method without a schema finds as the body.
        """
        context = self.context
        method = self._methods.get(method_id)
        if method is None:
            return error_response(not_implemented(f"{method_id} is not emulated."))

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw}

        request = Request(context, method, path, query or [], headers(servicer), receive, context.settings.base_url)
        request.body = message
        response: Response = await context.handle(request)
        return response

    async def check(self, servicer: Servicer, response: Response) -> None:
        """End a call whose Response is an error (by its gRPC code, message and details), or whose connection is cut."""
        if response.cut:
            await abort(servicer, cut_off())
        if response.status >= 400:
            error = orjson.loads(response.body if isinstance(response.body, bytes) else b"{}")["error"]
            tell_details(servicer, error)
            await servicer.abort(CODES[RPC_CODES.get(error["status"], 2)], error["message"])

    def principal(self, servicer: Servicer) -> str:
        """Who calls. Raises a 401 for credentials that do not hold, and for none where they are needed."""
        context = self.context
        principal = context.authenticator.principal(headers(servicer))
        if principal:
            return principal
        if not (context.settings.anonymous and context.settings.is_loopback):
            raise unauthenticated("Request is missing required authentication credential.")
        return f"serviceAccount:{context.settings.account}"


def cut_off() -> ApiError:
    """How a connection that breaks off reads to clients of gRPC."""
    return ApiError(503, "UNAVAILABLE", "Socket closed", "backendError")


async def abort(servicer: Servicer, error: ApiError) -> None:
    """End a call with an error's gRPC code and message."""
    await servicer.abort(CODES[error.rpc_code], error.message)


def tell_details(servicer: Servicer, error: dict[str, Any]) -> None:
    """Give a call that fails the details of its error, as clients of Google's APIs read them (AIP-193)."""
    if not error.get("details"):
        return
    status = {"code": RPC_CODES.get(error["status"], 2), "message": error["message"], "details": error["details"]}
    try:
        told = json_format.ParseDict(status, status_pb2.Status())
    except json_format.ParseError:  # of a type that is not known here
        return
    servicer.set_trailing_metadata((("grpc-status-details-bin", told.SerializeToString()),))


def headers(servicer: Servicer) -> dict[str, str]:
    """The metadata of a call that are text, as headers."""
    return {k: v for k, v in (servicer.invocation_metadata() or ()) if isinstance(v, str)}


def serialize(message: Proto) -> bytes:
    """The bytes of a message."""
    data: bytes = message.SerializeToString()
    return data


def parsed(kind: Any, answer: dict[str, Any]) -> Proto:
    """A message of a protobuf class from the JSON of REST; fields that it does not have are left out."""
    message: Proto = json_format.ParseDict(answer, kind(), ignore_unknown_fields=True)
    return message


def _body(call: Call, fields: dict[str, Any]) -> Any:
    if call.body != "*":
        return fields.get(call.body, {}) if call.body else None
    for source in call.path.values():
        if "." not in source:
            fields.pop(source, None)
    return fields


def _field(fields: dict[str, Any], path: str) -> Any:
    value: Any = fields
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return value
