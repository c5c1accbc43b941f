"""What a consent must be before it is kept (Cloud Healthcare: consents, policies, metadata)."""

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.consent import rules
from emulator.consent.errors import InvalidRule
from emulator.consent.rules import Rule
from emulator.errors import invalid_argument
from emulator.services.healthcare.consent import artifacts, definitions, names
from emulator.services.healthcare.consent.tables import Store

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
MOST_POLICIES = 10
_MOST_METADATA, _LONGEST_WORD, _MOST_BYTES = 64, 63, 128


def consent(context: "Context", tx: sqlite3.Connection, store: Store, body: Json) -> set[str]:
    """The attributes that a consent names, if it can be kept; 400 where it can't."""
    if not body.get("userId"):
        raise invalid_argument("userId is required.")
    artifact(tx, store, body.get("consentArtifact", ""))
    _check_metadata(body.get("metadata") or {})
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


def _check_metadata(metadata: dict[str, str]) -> None:
    if len(metadata) > _MOST_METADATA:
        raise invalid_argument(f"metadata has {len(metadata)} entries; a consent can have at most {_MOST_METADATA}.")
    for key, value in metadata.items():
        if not _is_word(key) or not key[0].isalpha():
            raise invalid_argument(f'Invalid metadata key "{key[:80]}": it must be {_WORDED}, and begin with a letter.')
        if not _is_word(value):
            raise invalid_argument(f'Invalid metadata value of "{key}": it must be {_WORDED}.')


_WORDED = f"1 to {_LONGEST_WORD} lower-case letters, digits, underscores and dashes ({_MOST_BYTES} bytes at most)"


def _is_word(text: str) -> bool:
    fits = 1 <= len(text) <= _LONGEST_WORD and len(text.encode()) <= _MOST_BYTES
    return fits and all(each in "_-" or each.isnumeric() or (each.isalpha() and each == each.lower()) for each in text)
