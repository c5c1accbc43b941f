"""A project's enabled services and the identities of Google's agents in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow, FlowError
from emulator.provider.model import Call, Resource, props
from emulator.provider.operations import wait
from emulator.provider.rest import Rest, RestError
from emulator.provider.settings import Settings

_SERVICE = "projects/{project}/services/{service}"

SERVICE = Resource(
    resource_type="gcp:projects/service:Service",
    service="serviceUsage",
    id="{project}/{service}",
    create=Call("POST", f"{_SERVICE}:enable"),
    read=Call("GET", _SERVICE),
    autoname="",
    address=props("service project"),
    unsent=props("service project"),
    local=props("disableOnDestroy disableDependentServices checkIfServiceHasUsageOnDestroy"),
    immutable=props("service project"),
    computed=props("project"),
    defaults={"disableOnDestroy": False},
)

SERVICE_IDENTITY = Resource(
    resource_type="gcp:projects/serviceIdentity:ServiceIdentity",
    service="serviceUsage",
    id=_SERVICE,
    create=Call("POST", f"{_SERVICE}:generateServiceIdentity"),
    read=None,
    autoname="",
    address=props("service project"),
    unsent=props("service project"),
    immutable=props("service project"),
    computed=props("project"),
)


class _Service(Flow):
    """An API is enabled unless it is; only disableOnDestroy disables it again."""

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        values = self.variables(inputs, rest.settings)
        if not self._enabled(rest, values):
            wait(rest, "serviceUsage", self._v1(rest, Call("POST", f"{_SERVICE}:enable"), values, {}))
        state = self.read(rest, values)
        if state is None:
            raise FlowError("it was enabled, but is not among the project's services")
        return self.identity(values, rest.settings), state

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        values = self.variables(state, rest.settings)
        try:
            project = rest.call("resourceManager", Call("GET", "projects/{project}"), values)
        except RestError as error:
            if error.code == 404:
                return None
            raise
        if project.get("lifecycleState") == "DELETE_REQUESTED" or not self._enabled(rest, values):
            return None
        return self.state({}, values, rest.settings)

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        if self.kept(state) or not state.get("disableOnDestroy"):
            return
        checked = "CHECK" if state.get("checkIfServiceHasUsageOnDestroy") else "SKIP"
        body = {
            "disableDependentServices": bool(state.get("disableDependentServices")),
            "checkIfServiceHasUsage": checked,
        }
        wait(
            rest,
            "serviceUsage",
            self._v1(rest, Call("POST", f"{_SERVICE}:disable"), self.variables(state, rest.settings), body),
        )

    def _enabled(self, rest: Rest, values: Mapping[str, Any]) -> bool:
        query = {"filter": "state:ENABLED", "fields": "services/name,nextPageToken", "pageSize": "200"}
        while True:
            page = self._v1(rest, Call("GET", "projects/{project}/services", query), values)
            if any(service["name"].rsplit("/", 1)[-1] == values["service"] for service in page.get("services", [])):
                return True
            if not page.get("nextPageToken"):
                return False
            query = {**query, "pageToken": page["nextPageToken"]}

    def _v1(self, rest: Rest, call: Call, values: Mapping[str, Any], body: Any = None) -> Any:
        """Enabled services are asked for under v1, whatever version the endpoint has."""
        return rest.call("serviceUsage", call, values, body, version="v1")


class _ServiceIdentity(Flow):
    """An identity is made once, and can neither be read nor deleted."""

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        values = self.variables(inputs, rest.settings)
        made = wait(rest, "serviceUsage", rest.call("serviceUsage", self.spec.create, values))
        email = made.get("email")
        known = {"email": email, "member": f"serviceAccount:{email}"} if email else {}
        return self.identity(values, rest.settings), {**self.state({}, values, rest.settings), **known}

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        del live
        kept = {name: given[name] for name in self.kind.outputs if given.get(name) is not None}
        return kept | self.derived(given, settings)


FLOWS = (_Service(SERVICE), _ServiceIdentity(SERVICE_IDENTITY))
