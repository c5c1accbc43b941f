"""Deny policies, attached to a resource that is named with encoded slashes (IAM v2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.model import Call, Resource, props
from emulator.provider.operations import wait
from emulator.provider.rest import Rest

_POLICY = "policies/{+parent}/denypolicies/{name}"

DENY_POLICY = Resource(
    resource_type="gcp:iam/denyPolicy:DenyPolicy",
    service="iam2",
    id="{+parent}/{name}",
    imports=("{+parent}/{name}",),
    create=Call("POST", "policies/{+parent}/denypolicies", {"policyId": "{name}"}),
    read=Call("GET", _POLICY),
    update=Call("PUT", _POLICY),
    delete=Call("DELETE", _POLICY),
    address=props("name parent"),
    unsent=props("name parent"),
    immutable=props("name parent"),
    mask=False,
    volatile=props("etag"),
)


class _DenyPolicy(Flow):
    """Its changes are operations; an update sends the etag that it was read with."""

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        del values
        wait(rest, "iam2", made)

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        del changed
        body = {**self.body(values, updating=True), "etag": old.get("etag")}
        wait(rest, "iam2", rest.call("iam2", Call("PUT", _POLICY), old, body))


FLOWS = (_DenyPolicy(DENY_POLICY),)
