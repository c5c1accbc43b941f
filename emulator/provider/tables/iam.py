"""Access: one member of one role on one resource, added to and taken from its policy without touching the rest."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.provider.flow import Flow, FlowError, Naming
from emulator.provider.model import Call, Resource, expand, parse, props
from emulator.provider.rest import Rest, RestError
from emulator.provider.schema import Problem
from emulator.provider.settings import Settings
from emulator.provider.values import UNKNOWN

Policy = dict[str, Any]
_VERSION = {"options.requestedPolicyVersion": "3"}
# Pauses after a policy was changed by somebody else meanwhile.
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.3)
_LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Target:
    """A resource that has a policy: the property that names it, its full and shorter names, and the calls."""

    service: str
    property: str
    full: str
    shorts: tuple[str, ...] = ()
    get: Call = field(default_factory=lambda: Call("GET", "{+resource}:getIamPolicy"))
    put: Call = field(default_factory=lambda: Call("POST", "{+resource}:setIamPolicy"))
    version: str = ""
    get_body: Any = None
    wrapped: bool = True
    mask: str = ""
    short: bool = False
    """Whether state keeps the last part of the name only, as the official plugin does."""

    def kept(self, value: str, project: str | None) -> str:
        """The name of the resource as state keeps it."""
        name = self.name(value, project)
        return name.rsplit("/", 1)[-1] if self.short else name

    def name(self, value: str, project: str | None) -> str:
        """The full name of the resource that a program or an import id names in any of the accepted ways."""
        for template in (self.full, *self.shorts):
            found = parse(template, value)
            if found is not None:
                return expand(self.full, {"project": project, **found}, escape=False)
        return value

    def fetch(self, rest: Rest, resource: str) -> Policy:
        """The resource's policy."""
        policy: Policy = rest.call(self.service, self.get, {"resource": resource}, self.get_body, version=self.version)
        return policy

    def store(self, rest: Rest, resource: str, policy: Policy) -> None:
        """Set the resource's policy; Google refuses it when the etag is no longer the current one."""
        body = {"policy": policy, **({"updateMask": self.mask} if self.mask else {})} if self.wrapped else policy
        rest.call(self.service, self.put, {"resource": resource}, body, version=self.version)


_OWNERS = {
    "OWNER": "roles/bigquery.dataOwner",
    "WRITER": "roles/bigquery.dataEditor",
    "READER": "roles/bigquery.dataViewer",
}


class _DatasetTarget(Target):
    """A BigQuery dataset has an access list instead of a policy; here one is shown as the other."""

    def fetch(self, rest: Rest, resource: str) -> Policy:
        dataset = rest.call(self.service, self.get, {"resource": resource})
        bindings: defaultdict[str, list[str]] = defaultdict(list)
        others = []
        for entry in dataset.get("access", []):
            member = _dataset_member(entry)
            if member is None or "role" not in entry:
                others.append(entry)
            else:
                bindings[_OWNERS.get(entry["role"], entry["role"])].append(member)
        return {
            "etag": dataset.get("etag"),
            "bindings": [{"role": role, "members": members} for role, members in sorted(bindings.items())],
            "others": others,
        }

    def store(self, rest: Rest, resource: str, policy: Policy) -> None:
        access = [
            {"role": binding["role"], **_dataset_entry(member)}
            for binding in policy.get("bindings", [])
            for member in sorted(binding["members"])
        ]
        rest.call(self.service, self.put, {"resource": resource}, {"access": [*access, *policy["others"]]})


def _dataset_member(entry: Mapping[str, Any]) -> str | None:
    """The IAM member that an entry of an access list means; None for views, routines and datasets."""
    if "userByEmail" in entry:
        email = entry["userByEmail"]
        return f"serviceAccount:{email}" if "gserviceaccount" in email else f"user:{email}"
    for key, prefix in (
        ("groupByEmail", "group:"),
        ("domain", "domain:"),
        ("specialGroup", ""),
        ("iamMember", "iamMember:"),
    ):
        if key in entry:
            return f"{prefix}{entry[key]}"
    return None


def _dataset_entry(member: str) -> dict[str, str]:
    prefix, _, rest = member.partition(":")
    keys = {"user": "userByEmail", "serviceAccount": "userByEmail", "group": "groupByEmail", "domain": "domain"}
    if prefix in keys:
        return {keys[prefix]: rest}
    return {"iamMember": rest if prefix == "iamMember" else member} if rest else {"specialGroup": member}


_HEALTHCARE = "projects/{project}/locations/{location}/datasets/{dataset}"


def _healthcare(token: str, prop: str, collection: str = "") -> tuple[str, Target]:
    full = f"{_HEALTHCARE}/{collection}/{{store}}" if collection else _HEALTHCARE
    tail = "/{store}" if collection else ""
    shorts = (f"{{project}}/{{location}}/{{dataset}}{tail}", f"{{location}}/{{dataset}}{tail}")
    return f"gcp:healthcare/{token[0].lower()}{token[1:]}:{token}", Target(
        "healthcare", prop, full, shorts, version="v1"
    )


_BUCKET = Target(
    service="storage",
    property="bucket",
    full="b/{bucket}",
    shorts=("{bucket}",),
    get=Call("GET", "{+resource}/iam", {"optionsRequestedPolicyVersion": "3"}),
    put=Call("PUT", "{+resource}/iam"),
    wrapped=False,
    short=True,
)
PROJECT = Target(
    service="resourceManager",
    property="project",
    full="projects/{project}",
    shorts=("{project}",),
    get=Call("POST", "{+resource}:getIamPolicy"),
    version="v1",
    get_body={"options": {"requestedPolicyVersion": 3}},
    mask="bindings,etag,auditConfigs",
    short=True,
)
_KEY = "projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}"
_DATASET_ACCESS = {"accessPolicyVersion": "3"}

TARGETS: Mapping[str, Target] = {
    "gcp:storage/bucketIAMMember:BucketIAMMember": _BUCKET,
    **dict(
        (
            _healthcare("DatasetIamMember", "datasetId"),
            _healthcare("DicomStoreIamMember", "dicomStoreId", "dicomStores"),
            _healthcare("FhirStoreIamMember", "fhirStoreId", "fhirStores"),
            _healthcare("Hl7StoreIamMember", "hl7V2StoreId", "hl7V2Stores"),
        )
    ),
    "gcp:healthcare/consentStoreIamMember:ConsentStoreIamMember": Target(
        "healthcare", "consentStoreId", "{+dataset}/consentStores/{store}", short=True
    ),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": Target(
        "pubsub", "topic", "projects/{project}/topics/{topic}", ("{project}/{topic}", "{topic}")
    ),
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": Target(
        "pubsub",
        "subscription",
        "projects/{project}/subscriptions/{subscription}",
        ("{project}/{subscription}", "{subscription}"),
        version="v1",
    ),
    "gcp:bigquery/datasetIamMember:DatasetIamMember": _DatasetTarget(
        "bigQuery",
        "datasetId",
        "projects/{project}/datasets/{dataset}",
        ("{project}/{dataset}", "{dataset}"),
        get=Call("GET", "{+resource}", _DATASET_ACCESS),
        put=Call("PATCH", "{+resource}", _DATASET_ACCESS),
        short=True,
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": Target(
        "iamBeta",
        "serviceAccountId",
        "projects/{project}/serviceAccounts/{email}",
        get=Call("POST", "{+resource}:getIamPolicy", _VERSION),
        version="v1",
    ),
    "gcp:projects/iAMMember:IAMMember": PROJECT,
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": Target(
        "kms",
        "cryptoKeyId",
        _KEY,
        ("{project}/{location}/{ring}/{key}", "{location}/{ring}/{key}"),
        get=Call("GET", "{+resource}:getIamPolicy", _VERSION),
        version="v1",
    ),
}


class _OnPolicy(Flow):
    """What is part of the policy of another resource."""

    def __init__(self, spec: Resource, target: Target) -> None:
        super().__init__(spec)
        self.target = target

    def check(self, inputs: dict[str, Any], old: Mapping[str, Any], settings: Settings, name: Naming) -> list[Problem]:
        problems = super().check(inputs, old, settings, name)
        value, project = inputs.get(self.target.property), inputs.get("project") or settings.project
        if isinstance(value, str) and project is not UNKNOWN:
            inputs[self.target.property] = self.target.kept(value, project)
        return problems

    def resource(self, values: Mapping[str, Any], settings: Settings) -> str:
        """The full name of the resource whose policy this is part of."""
        named = self.variables(values, settings)
        if "consentStoreId" in named:
            return f"{named['dataset']}/consentStores/{str(named['consentStoreId']).rsplit('/', 1)[-1]}"
        return self.target.name(str(named[self.target.property]), named.get("project"))

    def change(self, rest: Rest, resource: str, modify: Callable[[Policy], bool]) -> None:
        """Read the policy, modify it and write it back, anew whenever somebody else was faster (409, 412).

        `modify` changes the policy in place and says whether there was anything to change.
        """
        pauses = iter(_PAUSES)
        while True:
            with _LOCKS[f"{self.target.service} {resource}"]:
                policy = self.target.fetch(rest, resource)
                if not modify(policy):
                    return
                policy["version"] = 3
                if not policy.get("bindings"):
                    policy.pop("bindings", None)
                policy.pop("kind", None)
                policy.pop("resourceId", None)
                try:
                    self.target.store(rest, resource, policy)
                    return
                except RestError as error:
                    if error.code not in (409, 412) or not rest.pause(pauses):
                        raise


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
    wanted = values.get("condition")
    for binding in policy.get("bindings", []):
        if binding["role"] == values["role"]:
            found = binding.get("condition")
            by_title = wanted and "expression" not in wanted and found and found.get("title") == wanted.get("title")
            if by_title or _condition(found) == _condition(wanted):
                return dict(binding) if not isinstance(binding, dict) else binding
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
