"""Secret Manager over gRPC: each call becomes a request on the same way as REST, of global or regional secrets."""

from __future__ import annotations

from typing import Any

from google.cloud.secretmanager_v1 import types
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf import empty_pb2, json_format
from google.protobuf.message import Message as Proto

from emulator.gateway.grpc.bridge import Bridge, Servicer, parsed
from emulator.gateway.grpc.calls import Call
from emulator.services.secretmanager.service import METHODS

_GLOBAL, _REGIONAL = METHODS
_PAGE = ("pageSize", "pageToken", "filter")


def _class(name: str) -> Any:
    """The plain protobuf class of a message of Secret Manager."""
    return getattr(types, name).pb()


def _call(method: str, request: Any, response: Any, variable: str, *query: str, body: str = "*") -> Call:
    return Call(method, request, response, {variable.rpartition(".")[2]: variable}, query, body)


_SECRET, _VERSION, _POLICY = _class("Secret"), _class("SecretVersion"), policy_pb2.Policy
_ASKED = iam_policy_pb2.TestIamPermissionsResponse
CALLS = {
    "CreateSecret": _call("create", _class("CreateSecretRequest"), _SECRET, "parent", "secretId", body="secret"),
    "GetSecret": _call("get", _class("GetSecretRequest"), _SECRET, "name", body=""),
    "ListSecrets": _call(
        "list", _class("ListSecretsRequest"), _class("ListSecretsResponse"), "parent", *_PAGE, body=""
    ),
    "UpdateSecret": _call("patch", _class("UpdateSecretRequest"), _SECRET, "secret.name", "updateMask", body="secret"),
    "DeleteSecret": _call("delete", _class("DeleteSecretRequest"), empty_pb2.Empty, "name", "etag", body=""),
    "AddSecretVersion": _call("addVersion", _class("AddSecretVersionRequest"), _VERSION, "parent"),
    "GetSecretVersion": _call("versions.get", _class("GetSecretVersionRequest"), _VERSION, "name", body=""),
    "ListSecretVersions": _call(
        "versions.list",
        _class("ListSecretVersionsRequest"),
        _class("ListSecretVersionsResponse"),
        "parent",
        *_PAGE,
        body="",
    ),
    "AccessSecretVersion": _call(
        "versions.access", _class("AccessSecretVersionRequest"), _class("AccessSecretVersionResponse"), "name", body=""
    ),
    "EnableSecretVersion": _call("versions.enable", _class("EnableSecretVersionRequest"), _VERSION, "name"),
    "DisableSecretVersion": _call("versions.disable", _class("DisableSecretVersionRequest"), _VERSION, "name"),
    "DestroySecretVersion": _call("versions.destroy", _class("DestroySecretVersionRequest"), _VERSION, "name"),
    "SetIamPolicy": _call("setIamPolicy", iam_policy_pb2.SetIamPolicyRequest, _POLICY, "resource"),
    "GetIamPolicy": _call("getIamPolicy", iam_policy_pb2.GetIamPolicyRequest, _POLICY, "resource", body=""),
    "TestIamPermissions": _call("testIamPermissions", iam_policy_pb2.TestIamPermissionsRequest, _ASKED, "resource"),
}


def handlers(bridge: Bridge) -> dict[str, Any]:
    """The gRPC handlers of Secret Manager by path."""
    start = "/google.cloud.secretmanager.v1.SecretManagerService/"
    return {start + name: _handler(bridge, call) for name, call in CALLS.items()}


def _handler(bridge: Bridge, call: Call) -> Any:
    """The handler of a method that there is of global and of regional secrets, which the name tells apart."""

    async def handle(message: Proto, servicer: Servicer) -> Proto:
        fields = json_format.MessageToDict(message)
        [(variable, source)] = call.path.items()
        name = _taken(fields, source)
        query = [(key, _text(fields.pop(key))) for key in call.query if key in fields]
        if options := fields.pop("options", None):
            query.append(("options.requestedPolicyVersion", str(options.get("requestedPolicyVersion", 0))))
        body = fields if call.body == "*" else fields.get(call.body, {}) if call.body else None
        methods = _REGIONAL if "/locations/" in name else _GLOBAL
        answer = await bridge.rest(servicer, f"{methods}.{call.method_id}", {variable: name}, query, body)
        return parsed(call.response, answer)

    return bridge.handler(call.request, handle)


def _taken(fields: dict[str, Any], path: str) -> str:
    """The name at a path, taken out of the fields."""
    first, _, rest = path.partition(".")
    if not rest:
        return str(fields.pop(first, ""))
    return _taken(fields.get(first, {}), rest)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
