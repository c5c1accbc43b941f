"""Custom roles of a project and of an organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow, FlowError, Naming
from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Rest, RestError
from emulator.provider.settings import Settings

_PROJECTS = "projects/{project}"
_ORGANIZATIONS = "organizations/{orgId}"


def _resource(resource_type: str, owner: str, address: str) -> Resource:
    """The table's entry for the roles of an owner, whose properties are named in `address`."""
    role = f"{owner}/roles/{{roleId}}"
    return Resource(
        resource_type=resource_type,
        service="iamBeta",
        id=role,
        imports=(role,),
        create=Call("POST", f"{owner}/roles"),
        read=Call("GET", role),
        update=Call("PATCH", role),
        delete=Call("DELETE", role),
        autoname="roleId",
        address=props(address),
        unsent=props(address),
        immutable=props(address),
        computed=props("project"),
        defaults={"stage": "GA"},
        rename={"permissions": "includedPermissions"},
        unordered=props("permissions"),
    )


class _CustomRole(Flow):
    """A role that was deleted is brought back, as its id can't be taken anew for weeks."""

    def made_name(self, name: Naming) -> str:
        return super().made_name(name).replace("-", "")

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        values = self.variables(inputs, rest.settings)
        present = self._present(rest, values)
        if present is None:
            return super().create(rest, inputs)
        if not present.get("deleted"):
            raise FlowError(f"the custom role {present['name']} exists already; import it")
        rest.call("iamBeta", Call("POST", f"{self.spec.id}:undelete"), values, {})
        rest.call("iamBeta", Call("PATCH", self.spec.id), values, self.body(inputs, updating=True))
        state = self.read(rest, values)
        if state is None:
            raise FlowError("it was brought back, but can't be found afterwards")
        return self.identity(values, rest.settings), state

    def _present(self, rest: Rest, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = rest.call("iamBeta", Call("GET", self.spec.id), values)
        except RestError as error:
            if error.code == 404:
                return None
            raise
        return found

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        role = super().body(values, updating=updating)
        return role if updating else {"roleId": values["roleId"], "role": role}

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        return super().state({"stage": "ALPHA", **live}, given, settings)

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        found = super().read(rest, state)
        return None if found is None or found.get("deleted") else found


FLOWS = (
    _CustomRole(_resource("gcp:projects/iAMCustomRole:IAMCustomRole", _PROJECTS, "roleId project")),
    _CustomRole(_resource("gcp:organizations/iAMCustomRole:IAMCustomRole", _ORGANIZATIONS, "roleId orgId")),
)
