"""What a consent must be before it is kept (Cloud Healthcare: consents, policies, metadata)."""

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.consent import rules
from emulator.consent.errors import InvalidRule
from emulator.consent.rules import Rule
from emulator.errors import invalid_argument
from emulator.services.healthcare.consent import artifacts, definitions, names
from emulator.services.healthcare.consent.tables import Store
from emulator.services.healthcare.labels import check_labels

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
MOST_POLICIES = 10


def consent(context: "Context", tx: sqlite3.Connection, store: Store, body: Json) -> set[str]:
    """The attributes that a consent names, if it can be kept; 400 where it can't."""
    if not body.get("userId"):
        raise invalid_argument("userId is required.")
    artifact(tx, store, body.get("consentArtifact", ""))
    check_labels(body.get("metadata") or {}, "metadata", shortest=1)
    policies = body.get("policies") or []
    if len(policies) > MOST_POLICIES:
        raise invalid_argument(f"policies has {len(policies)} entries; a consent can have at most {MOST_POLICIES}.")
    found: set[str] = set()
    for number, policy in enumerate(policies):
        found |= _attributes_of(context, tx, store, policy, f"policies[{number}]")
    return found


def artifact(reader: sqlite3.Connection, store: Store, name: str) -> str:
    """The id of the artifact that a request names; 400 where it names none, or one that the store does not have."""
    if not name:
        raise invalid_argument("consentArtifact is required.")
    found = names.below(store.name, names.ARTIFACTS, name, "consentArtifact")
    if not artifacts.exists(reader, store, found):
        raise invalid_argument(f'Invalid consentArtifact "{name}": there is no such consent artifact.')
    return found


def _attributes_of(context: "Context", tx: sqlite3.Connection, store: Store, policy: Json, where: str) -> set[str]:
    found: set[str] = set()
    for number, attribute in enumerate(policy.get("resourceAttributes") or []):
        here, name = f"{where}.resourceAttributes[{number}]", attribute.get("attributeDefinitionId", "")
        values = attribute.get("values") or []
        if not values or name in found:
            raise invalid_argument(
                f"Invalid {here}: " + ("values is required." if not values else f"{name} is there twice.")
            )
        definitions.require_values(context, store.name, name, values, definitions.RESOURCE, here, tx)
        found.add(name)
    rule = _rule(policy, f"{where}.authorizationRule.expression")
    for name in sorted(rule.attributes):
        definitions.require(context, store.name, name, definitions.REQUEST, f"{where}.authorizationRule", tx)
    return found | rule.attributes


def _rule(policy: Json, where: str) -> Rule:
    expression = (policy.get("authorizationRule") or {}).get("expression", "")
    if not expression:
        raise invalid_argument(f"{where} is required.")
    try:
        return rules.read(expression)
    except InvalidRule as problem:
        raise invalid_argument(f"Invalid {where}: {problem}.") from None
