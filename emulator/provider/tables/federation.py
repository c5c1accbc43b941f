"""Workload identity pools and their providers; a deleted one counts as gone though it can be had back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.model import Call, Resource, props
from emulator.provider.operations import wait
from emulator.provider.rest import Rest
from emulator.provider.settings import Settings

_POOLS = "projects/{project}/locations/global/workloadIdentityPools"
_POOL = f"{_POOLS}/{{workloadIdentityPoolId}}"
_PROVIDER = f"{_POOL}/providers/{{workloadIdentityPoolProviderId}}"

POOL = Resource(
    resource_type="gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    service="iamBeta",
    id=_POOL,
    imports=(_POOL, "{project}/{workloadIdentityPoolId}", "{workloadIdentityPoolId}"),
    create=Call("POST", _POOLS, {"workloadIdentityPoolId": "{workloadIdentityPoolId}"}),
    read=Call("GET", _POOL),
    update=Call("PATCH", _POOL),
    delete=Call("DELETE", _POOL),
    autoname="",
    address=props("workloadIdentityPoolId project"),
    unsent=props("workloadIdentityPoolId project"),
    immutable=props("workloadIdentityPoolId project mode"),
    computed=props("project mode"),
)
PROVIDER = Resource(
    resource_type="gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    service="iamBeta",
    id=_PROVIDER,
    imports=(
        _PROVIDER,
        "{project}/{workloadIdentityPoolId}/{workloadIdentityPoolProviderId}",
        "{workloadIdentityPoolId}/{workloadIdentityPoolProviderId}",
    ),
    create=Call("POST", f"{_POOL}/providers", {"workloadIdentityPoolProviderId": "{workloadIdentityPoolProviderId}"}),
    read=Call("GET", _PROVIDER),
    update=Call("PATCH", _PROVIDER),
    delete=Call("DELETE", _PROVIDER),
    autoname="",
    address=props("workloadIdentityPoolId workloadIdentityPoolProviderId project"),
    unsent=props("workloadIdentityPoolId workloadIdentityPoolProviderId project"),
    immutable=props("workloadIdentityPoolId workloadIdentityPoolProviderId project"),
    computed=props("project"),
)


class _Federation(Flow):
    """Its changes are operations."""

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        del values
        wait(rest, "iamBeta", made)

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        return {**super().state(live, given, settings), "_state": live.get("state")}

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        found = super().read(rest, state)
        return None if found is None or found.pop("_state") == "DELETED" else found

    def named(self, made: Mapping[str, Any]) -> dict[str, Any]:
        del made
        return {}


FLOWS = (_Federation(POOL), _Federation(PROVIDER))
