"""What consents say of a use, worked out from their JSON step by step as Cloud Healthcare's pages tell it.

No indexes, no compiled rules but Python's own reading of the few forms that the tests make, nothing kept.
"""

import re
from typing import Any

Json = dict[str, Any]
_TERM = re.compile(r"(\w+) (==|!=|in) (.+)")


def holds(rule: str, request: Json) -> bool:
    """Whether a rule of terms joined by one kind of sign holds; a term on an absent attribute does not."""
    if " || " in rule:
        return any(holds(each, request) for each in rule.split(" || "))
    if " && " in rule:
        return all(holds(each, request) for each in rule.split(" && "))
    found = _TERM.fullmatch(rule)
    assert found is not None, rule
    if found[1] not in request:
        return False
    texts = re.findall(r"'(\w+)'", found[3])
    return (request[found[1]] in texts) is (found[2] != "!=")


def covers(policy: Json, mapping: Json, defaults: Json) -> bool:
    """Whether a policy is about a mapping; defaults are values of attributes that mappings lack."""
    of_mapping = {**defaults, **{each["attributeDefinitionId"]: each["values"][0] for each in attributes(mapping)}}
    return all(of_mapping.get(each["attributeDefinitionId"]) in each["values"] for each in attributes(policy))


def attributes(said: Json) -> list[Json]:
    return list(said.get("resourceAttributes", []))


def says(consent: Json, mapping: Json, request: Json, defaults: Json) -> str:
    """The evaluation result of a consent that applies."""
    matching = [each for each in consent.get("policies", []) if covers(each, mapping, defaults)]
    if not matching:
        return "NO_MATCHING_POLICY"
    if any(holds(each["authorizationRule"]["expression"], request) for each in matching):
        return "HAS_SATISFIED_POLICY"
    return "NO_SATISFIED_POLICY"


def details(consents: list[Json], mapping: Json, request: Json, defaults: Json, now: str) -> dict[str, str]:
    """What all consents say that are asked: active ones of the mapping's user that have not expired (times sort)."""
    asked = [
        each
        for each in consents
        if each["state"] == "ACTIVE" and each["userId"] == mapping["userId"] and each.get("expireTime", "9") > now
    ]
    return {each["name"]: says(each, mapping, request, defaults) for each in asked}
