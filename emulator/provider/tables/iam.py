"""Access: one member of one role on one resource, added to and taken from its policy without touching the rest."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from emulator.provider.flow import Flow, FlowError, Naming
from emulator.provider.model import Resource, parse, props
from emulator.provider.rest import Rest, RestError
from emulator.provider.schema import Problem
from emulator.provider.settings import Settings
from emulator.provider.tables.targets import PROJECT, TARGETS, Policy, Target
from emulator.provider.values import UNKNOWN

# Pauses after a policy was changed by somebody else meanwhile.
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.3)
_LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class _OnPolicy(Flow):
    """What is part of the policy of another resource."""

    def __init__(self, spec: Resource, target: Target) -> None:
        super().__init__(spec)
        self.target = target

    def check(self, inputs: dict[str, Any], old: Mapping[str, Any], settings: Settings, name: Naming) -> list[Problem]:
        problems = super().check(inputs, old, settings, name)
        value, project = inputs.get(self.target.property), inputs.get("project") or settings.project
        if isinstance(value, str) and project is not UNKNOWN:
            inputs[self.target.property] = self.target.kept(value, project, inputs.get("location"))
        return problems

    def resource(self, values: Mapping[str, Any], settings: Settings) -> str:
        """The full name of the resource whose policy this is part of."""
        named = self.variables(values, settings)
        if "consentStoreId" in named:
            return f"{named['dataset']}/consentStores/{str(named['consentStoreId']).rsplit('/', 1)[-1]}"
        return self.target.name(str(named[self.target.property]), named.get("project"), named.get("location"))

    def change(self, rest: Rest, resource: str, modify: Callable[[Policy], bool]) -> None:
        """Read the policy, modify it and write it back, anew whenever somebody else was faster (409, 412).

        `modify` changes the policy in place and says whether there was anything to change.
        """
        pauses = iter(_PAUSES)
        while True:
            try:
                with _LOCKS[f"{self.target.service} {resource}"]:
                    self._change_once(rest, resource, modify)
                return
            except RestError as error:
                if error.code not in (409, 412) or not rest.pause(pauses):
                    raise

    def _change_once(self, rest: Rest, resource: str, modify: Callable[[Policy], bool]) -> None:
        policy = self.target.fetch(rest, resource)
        if not modify(policy):
            return
        policy["version"] = 3
        # What Cloud Storage adds, and an empty list, are not part of what is written.
        dropped = {"kind", "resourceId", *(() if policy.get("bindings") else ("bindings",))}
        self.target.store(rest, resource, {name: value for name, value in policy.items() if name not in dropped})


class _Member(_OnPolicy):
    """One member of one role, under one condition."""

    def replaces_in_place(self, state: Mapping[str, Any], inputs: Mapping[str, Any], settings: Settings) -> bool:
        """Never: another member, role or condition stands beside the old one, so access is not lost meanwhile."""
        del state, inputs, settings
        return False

    def identity(self, values: Mapping[str, Any], settings: Settings) -> str:
        resource = self.resource(values, settings)
        if self.target is PROJECT:
            resource = resource.removeprefix("projects/")
        title = (values.get("condition") or {}).get("title")
        return "/".join([resource, values["role"], values["member"], *([title] if title else [])])

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        self.change(rest, self.resource(inputs, rest.settings), lambda policy: _add(policy, inputs))
        state = self.read(rest, inputs)
        if state is None:
            raise FlowError("the member was added, but is not in the policy")
        return self.identity(inputs, rest.settings), state

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            policy = self.target.fetch(rest, self.resource(state, rest.settings))
        except RestError as error:
            if error.code == 404:
                return None
            raise
        binding = _binding(policy, state)
        if binding is None or _normal(state["member"]) not in map(_normal, binding["members"]):
            return None
        known = {name: state[name] for name in self.kind.inputs if state.get(name) is not None}
        if binding.get("condition"):
            known["condition"] = {name: text for name, text in binding["condition"].items() if text}
        return {**self.derived(known, rest.settings), **known, "etag": policy.get("etag", "")}

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        try:
            self.change(rest, self.resource(state, rest.settings), lambda policy: _remove(policy, state))
        except RestError as error:
            if error.code != 404:
                raise

    def import_id(self, text: str, settings: Settings) -> dict[str, Any] | None:
        parts = text.split(" ", 3)
        if len(parts) < 3:
            return None
        found: dict[str, Any] = {"role": parts[1], "member": parts[2], "project": settings.project or None}
        if len(parts) == 4:
            found["condition"] = {"title": parts[3]}
        named = parse(self.target.full, parts[0]) or {}
        places = {
            name: value for name, value in named.items() if name in ("dataset", "project") and name in self.kind.inputs
        }
        return {**found, **places, self.target.property: self.target.kept(parts[0], settings.project)}


def _normal(member: str) -> str:
    """A member as Google keeps it: addresses in lower case (principals and special groups as they are)."""
    prefix, colon, rest = member.partition(":")
    return f"{prefix}{colon}{rest.lower()}" if prefix in ("user", "group", "domain", "serviceAccount") else member


def _condition(value: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: (value or {}).get(key) or "" for key in ("title", "description", "expression")}


def _binding(policy: Policy, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The binding of the role under the condition (known by its title alone after an import), to change in place."""
    wanted = values.get("condition")
    bindings: list[dict[str, Any]] = policy.get("bindings", [])
    for binding in bindings:
        if binding["role"] == values["role"]:
            found = binding.get("condition")
            by_title = wanted and "expression" not in wanted and found and found.get("title") == wanted.get("title")
            if by_title or _condition(found) == _condition(wanted):
                return binding
    return None


def _add(policy: Policy, values: Mapping[str, Any]) -> bool:
    binding = _binding(policy, values)
    if binding is None:
        binding = {"role": values["role"], "members": []}
        if values.get("condition"):
            binding["condition"] = {key: value for key, value in values["condition"].items() if value}
        policy.setdefault("bindings", []).append(binding)
    if _normal(values["member"]) in map(_normal, binding["members"]):
        return False
    binding["members"] = [*binding["members"], _normal(values["member"])]
    return True


def _remove(policy: Policy, values: Mapping[str, Any]) -> bool:
    binding = _binding(policy, values)
    if binding is None or _normal(values["member"]) not in map(_normal, binding["members"]):
        return False
    binding["members"] = [member for member in binding["members"] if _normal(member) != _normal(values["member"])]
    policy["bindings"] = [item for item in policy["bindings"] if item["members"]]
    return True


class _AuditConfig(_OnPolicy):
    """Which accesses to one service are logged: all of that service's audit configuration."""

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        self.change(rest, self.resource(inputs, rest.settings), lambda policy: _put_audit(policy, self.body(inputs)))
        state = self.read(rest, inputs)
        if state is None:
            raise FlowError("the audit configuration was set, but is not in the policy")
        return self.identity(inputs, rest.settings), state

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        policy = self.target.fetch(rest, self.resource(state, rest.settings))
        live = next((item for item in policy.get("auditConfigs", []) if item["service"] == state["service"]), None)
        return None if live is None else self.state({**live, "etag": policy.get("etag")}, state, rest.settings)

    def update(self, rest: Rest, old: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        del old
        return self.create(rest, inputs)[1]

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        self.change(rest, self.resource(state, rest.settings), lambda policy: _drop_audit(policy, state["service"]))


def _put_audit(policy: Policy, config: Mapping[str, Any]) -> bool:
    others = [item for item in policy.get("auditConfigs", []) if item["service"] != config["service"]]
    policy["auditConfigs"] = [*others, dict(config)]
    return True


def _drop_audit(policy: Policy, service: str) -> bool:
    before = policy.get("auditConfigs", [])
    policy["auditConfigs"] = [item for item in before if item["service"] != service]
    if not policy["auditConfigs"]:
        policy.pop("auditConfigs")
    return len(policy.get("auditConfigs", [])) != len(before)


def _member(token: str, target: Target) -> _Member:
    own = {target.property, "role", "member", "condition", *(("dataset",) if "consent" in token else ())}
    computed = props("project") if target is not PROJECT else frozenset[str]()
    spec = Resource(
        resource_type=token,
        service=target.service,
        id="",
        create=target.put,
        read=target.get,
        autoname="",
        address=frozenset(own),
        immutable=frozenset({*own, "project"}),
        computed=computed,
        ignore_case=props("member"),
    )
    return _Member(spec, target)


_AUDIT = Resource(
    resource_type="gcp:projects/iAMAuditConfig:IAMAuditConfig",
    service="resourceManager",
    id="{project}/audit_config/{service}",
    imports=("{project} {service}",),
    create=PROJECT.put,
    read=PROJECT.get,
    autoname="",
    address=props("project"),
    unsent=props("project"),
    immutable=props("project service"),
    unordered=props("auditLogConfigs auditLogConfigs.exemptedMembers"),
)
FLOWS = (*(_member(token, target) for token, target in TARGETS.items()), _AuditConfig(_AUDIT, PROJECT))
