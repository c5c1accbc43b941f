"""explainDataAccess: who may read a resource, to what end and from where, and which consents say so."""

from collections.abc import Iterable
from typing import Any

from emulator.errors import invalid_argument
from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import checks, errors, instants, stored, versions
from emulator.services.healthcare.fhir.consents import applying, compartments
from emulator.services.healthcare.fhir.consents.policies import Policies
from emulator.services.healthcare.fhir.consents.rules import Rule
from emulator.services.healthcare.fhir.consents.scopes import Scope
from emulator.services.healthcare.fhir.consents.weighing import Bearing, Verdict, weigh
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE

MOST = 1000
"""Directives that permit, and that deny, of one resource (Cloud Healthcare: Understand data access)."""


@SERVICE.handles(f"{METHODS}.fhirStores.explainDataAccess")
async def explain(request: Request) -> Answer:
    """List the scopes that consents on a resource name, each with its decision; 404 for no such resource."""
    applying.require_enforceable(request)
    try:
        store, version = _target(request)
    except Refused as refused:
        raise errors.api_error_of(refused) from None
    resource: Json = parsing.parse(version.body, None)
    patients = compartments.patients(store, resource)
    bearings = Policies(request.context.db.reader, store).bearings(resource, patients)
    scopes = sorted({scope for each in bearings for scope in _scopes(each.rule)}, key=_order)
    weighed = {scope: weigh(bearings, patients, scope) for scope in scopes}
    answer: Json = {"consentScopes": [_explained(store, scope, weighed) for scope in scopes]} if scopes else {}
    counts = [sum(len(each.rule.actors) for each in bearings if each.rule.denies is denies) for denies in (False, True)]
    if max(counts) > MOST:
        answer["warning"] = f"The resource has more than {MOST} consent directives that permit, or that deny."
    return answer


def _target(request: Request) -> tuple[Store, Version]:
    store = stored.opened(request.context, request.name)
    resource_type, _, identifier = (request.query.get("resourceId") or "").partition("/")
    if not resource_type or not identifier:
        raise invalid_argument("resourceId is required: TYPE/ID.")
    store.require_type(resource_type)
    return store, versions.current(request.context.db.reader, store, resource_type, checks.require_id(identifier))


def _scopes(rule: Rule) -> Iterable[Scope]:
    return (Scope((actor,), rule.purpose, rule.environment) for actor in rule.actors)


def _order(scope: Scope) -> tuple[Any, ...]:
    return scope.actors, scope.purpose, scope.environment


def _explained(store: Store, scope: Scope, weighed: dict[Scope, tuple[Verdict, list[Bearing]]]) -> Json:
    """A scope with its decision, and the narrower ones that are decided otherwise."""
    found = _decided(store, scope, *weighed[scope])
    permitted = weighed[scope][0] is Verdict.PERMIT
    narrower = [
        (other, *decided)
        for other, decided in weighed.items()
        if _holds(scope, other) and (decided[0] is Verdict.PERMIT) is not permitted
    ]
    if narrower:
        found["exceptions"] = [_decided(store, *each) for each in narrower]
    return found


def _holds(wide: Scope, narrow: Scope) -> bool:
    """Whether a scope holds another one."""
    return (
        wide != narrow
        and wide.actors == narrow.actors
        and wide.purpose in ("", narrow.purpose)
        and wide.environment in ("", narrow.environment)
    )


def _decided(store: Store, scope: Scope, verdict: Verdict, bearings: list[Bearing]) -> Json:
    by_consent: dict[tuple[str, str], list[Bearing]] = {}
    for each in bearings:
        by_consent.setdefault((each.consent.owner, each.consent.id), []).append(each)
    word = "PERMIT" if verdict is Verdict.PERMIT else "DENY"
    decided: Json = {
        "accessorScope": _scope(scope.actors[0], scope.purpose, scope.environment),
        "decision": f"CONSENT_DECISION_TYPE_{word}",
    }
    if by_consent:
        decided["enforcingConsents"] = [_consent(store, scope, each) for each in by_consent.values()]
    return decided


def _consent(store: Store, scope: Scope, bearings: list[Bearing]) -> Json:
    consent, rule = bearings[0].consent, bearings[0].rule
    below = f"{store.name}/fhir"
    found: Json = {
        "consentResource": f"{below}/Consent/{consent.id}",
        "type": f"CONSENT_POLICY_TYPE_{'PATIENT' if consent.owner else 'ADMIN'}",
        "enforcementTime": instants.last_updated(consent.applied).replace("+00:00", "Z"),
        "matchingAccessorScopes": [_scope(scope.actors[0], rule.purpose, rule.environment)],
    }
    if consent.owner:
        found["patientConsentOwner"] = f"{below}/{consent.owner}"
    if rule.cascades:
        found["variants"] = ["CONSENT_VARIANT_CASCADE"]
        found["cascadeOrigins"] = [f"{below}/{origin}" for origin in dict.fromkeys(each.origin for each in bearings)]
    return found


def _scope(actor: str, purpose: str, environment: str) -> Json:
    return {"actor": actor, "purpose": purpose or "*", "environment": environment or "*"}
