"""Workload identity pools and their OIDC providers (IAM v1)."""

from __future__ import annotations

import re
from typing import Any

from emulator.access import conditions
from emulator.access.federated import POOLS
from emulator.errors import invalid_argument, not_implemented
from emulator.gateway import policies
from emulator.gateway.collections import Collection
from emulator.gateway.request import Answer, Request
from emulator.services.iam.federation import resources
from emulator.services.iam.federation.issuers import check_jwks
from emulator.services.iam.federation.resources import ACTIVE, find
from emulator.services.iam.service import SERVICE
from emulator.state.resources import Resource

PROVIDERS = "iam.workloadIdentityPoolProviders"
_METHODS = "iam.projects.locations.workloadIdentityPools"
_SERVER_FIELDS = ("name", "state", "expireTime")
_TARGET = re.compile(r"google\.subject|google\.groups|attribute\.[a-z0-9_]{1,100}")
_MOST_ATTRIBUTES = 50
_KINDS = ("aws", "oidc", "saml", "x509")


def _pool(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    if not request.name.endswith("/locations/global"):
        raise invalid_argument("Workload identity pools are in locations/global.")
    return _checked_pool(body)


def _checked_pool(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("mode", "FEDERATION_ONLY") != "FEDERATION_ONLY":
        raise not_implemented("Pools of the mode TRUST_DOMAIN are not emulated.")
    return {**{key: value for key, value in body.items() if key not in _SERVER_FIELDS}, "state": ACTIVE}


def _provider(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    find(request.context, POOLS, request.name)
    return _checked_provider(body)


def _checked_provider(body: dict[str, Any]) -> dict[str, Any]:
    """Check a provider: an issuer, the mapping of its claims, and a condition on them."""
    kinds = [kind for kind in _KINDS if kind in body]
    if len(kinds) != 1:
        raise invalid_argument(f"A provider is one of {', '.join(_KINDS)}.")
    if kinds != ["oidc"]:
        raise not_implemented(f"Providers of the kind {kinds[0]} are not emulated; oidc is.")
    issuer = body["oidc"].get("issuerUri", "")
    if not issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise invalid_argument("oidc.issuerUri must begin with https:// (here also http://localhost).")
    if jwks := body["oidc"].get("jwksJson"):
        check_jwks(jwks)
    _check_mapping(body.get("attributeMapping", {}))
    if condition := body.get("attributeCondition"):
        conditions.check_syntax(condition)
    return {**{key: value for key, value in body.items() if key not in _SERVER_FIELDS}, "state": ACTIVE}


def _check_mapping(mapping: dict[str, str]) -> None:
    if "google.subject" not in mapping:
        raise invalid_argument("attributeMapping must have google.subject, such as assertion.sub.")
    if len(mapping) > _MOST_ATTRIBUTES:
        raise invalid_argument(f"attributeMapping has at most {_MOST_ATTRIBUTES} attributes.")
    for target, expression in mapping.items():
        if not _TARGET.fullmatch(target):
            raise invalid_argument(
                f'attributeMapping: "{target[:80]}" is neither google.subject, google.groups nor attribute.NAME.'
            )
        conditions.check_syntax(expression)


def _keep_state(old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "state": old.body["state"]}


POOL = Collection(
    kind=POOLS,
    segment="workloadIdentityPools",
    id_parameter="workloadIdentityPoolId",
    id_pattern=resources.ID,
    prepare=_pool,
    prepare_update=lambda _request, old, body: _keep_state(old, _checked_pool(body)),
    view=resources.view,
)
PROVIDER = Collection(
    kind=PROVIDERS,
    segment="providers",
    id_parameter="workloadIdentityPoolProviderId",
    id_pattern=resources.ID,
    prepare=_provider,
    prepare_update=lambda _request, old, body: _keep_state(old, _checked_provider(body)),
    view=resources.view,
)
resources.Methods(POOL, "WorkloadIdentityPool").register(_METHODS, "iam.workloadIdentityPools")
resources.Methods(PROVIDER, "WorkloadIdentityPoolProvider").register(
    f"{_METHODS}.providers", "iam.workloadIdentityPoolProviders"
)


@SERVICE.handles(f"{_METHODS}.getIamPolicy", permission="iam.workloadIdentityPools.getIamPolicy")
async def get_policy(request: Request) -> Answer:
    """The policy of a pool: who may look at it and change it, and not whom it lets in."""
    find(request.context, POOLS, request.name)
    return request.context.policies.shown(request.name, request)


@SERVICE.handles(f"{_METHODS}.setIamPolicy", permission="iam.workloadIdentityPools.setIamPolicy")
async def set_policy(request: Request) -> Answer:
    """Replace the policy of a pool."""
    context, name = request.context, request.name
    return await policies.replace(request, name, lambda tx: find(context, POOLS, name, tx))


@SERVICE.handles(f"{_METHODS}.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on a pool."""
    return policies.held_permissions(request, request.name)
