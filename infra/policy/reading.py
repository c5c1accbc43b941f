"""Graphs out of what Pulumi prints: `pulumi stack export`, and `pulumi preview --json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from infra.keys import KEYS
from infra.locations import key_location
from infra.policy.graph import Asked, Graph, Resource, is_strange

_PREFIX = "gcp:"
_STACK = "pulumi:pulumi:Stack"
_OWN = "healthcare-cloud-poc:"


class PolicyError(ValueError):
    """What is no state and no preview; the message is one sentence for the user."""


def read(text: str, stack: str = "") -> Graph:
    """The graph in the JSON of `pulumi stack export` or of `pulumi preview --json` of `stack`. Raises PolicyError."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict) and isinstance(found.get("deployment"), dict):
        return _of_state(found["deployment"].get("resources") or [])
    if isinstance(found, dict) and isinstance(found.get("steps"), list):
        states = [step["newState"] for step in found["steps"] if step.get("newState")]
        asked = asked_by(found.get("config") or {}, stack or _stack_of(states))
        return Graph(_resources(states), asked, _others(states))
    raise PolicyError("It is neither what `pulumi stack export` prints nor what `pulumi preview --json` does.")


def _of_state(states: Iterable[Mapping[str, Any]]) -> Graph:
    states = [each for each in states if not each.get("delete")]
    outputs = next((each.get("outputs") or {} for each in states if each.get("type") == _STACK), {})
    if not outputs:
        raise PolicyError("The stack is empty: run `pulumi up` first, or give the file of a `pulumi preview --json`.")
    asked = Asked(
        environment=str(outputs.get("environment", "")),
        location=outputs.get("location"),
        key=_key_or_ring(outputs.get("kms_keys") or {}),
        protected=bool(outputs.get("deletion_protection", True)),
        audited=bool(outputs.get("audit_bucket")),
    )
    return Graph(_resources(states), asked, _others(states))


def _resources(states: Iterable[Mapping[str, Any]]) -> tuple[Resource, ...]:
    return tuple(
        Resource(
            kind=str(each["type"]).removeprefix(_PREFIX),
            name=str(each["urn"]).rpartition("::")[2],
            inputs=each.get("inputs") or {},
            protect=bool(each.get("protect")),
        )
        for each in states
        if str(each.get("type", "")).startswith(_PREFIX)
    )


def _others(states: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Type and name of what is of other providers; components, which are no provider's, are left out."""
    return tuple(
        (str(each["type"]), str(each["urn"]).rpartition("::")[2])
        for each in states
        if each.get("custom") and is_strange(str(each["type"]))
    )


def _stack_of(states: Iterable[Mapping[str, Any]]) -> str:
    """The name of the stack, from any URN."""
    return next((str(each["urn"]).split("::")[0].rpartition(":")[2] for each in states), "")


def asked_by(configuration: Mapping[str, Any], stack: str) -> Asked:
    """What a stack's configuration asks for, by full keys; keys that are not set have the program's defaults."""
    defaults = {key.name: key.default for key in KEYS}

    def value(name: str) -> Any:
        found = configuration.get(f"{_OWN}{name}", defaults[name])
        return found == "true" if isinstance(defaults[name], bool) and isinstance(found, str) else found

    return Asked(
        environment=str(value("environment") or stack),
        location=str(value("location")),
        key=value("encryptionKey") or _ring(configuration, value) or None,
        protected=value("deletionProtection"),
        audited=value("auditLogs"),
    )


def _key_or_ring(keys: Mapping[str, str]) -> str | None:
    """The one key of all kinds of data, or the ring that has a key for each; None for no keys."""
    names = set(keys.values())
    one, *others = names or (None,)
    return one.partition("/cryptoKeys/")[0] if one and others else one


def _ring(configuration: Mapping[str, Any], value: Callable[[str], Any]) -> str:
    """The full name of the key ring that a configuration asks for; "" for none."""
    project, location = configuration.get("gcp:project", ""), key_location(str(value("location")))
    return f"projects/{project}/locations/{location}/keyRings/{value('keyRing')}" if value("keyRing") else ""
