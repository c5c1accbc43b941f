"""What has an IAM policy: how it is named, and the calls that read and write its policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.provider.model import Call, expand, parse
from emulator.provider.rest import Rest

Policy = dict[str, Any]
_VERSION = {"options.requestedPolicyVersion": "3"}


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

    def kept(self, value: str, project: str | None, location: str | None = None) -> str:
        """The name of the resource as state keeps it."""
        name = self.name(value, project, location)
        return name.rsplit("/", 1)[-1] if self.short else name

    def name(self, value: str, project: str | None, location: str | None = None) -> str:
        """The full name of the resource that a program or an import id names in any of the accepted ways."""
        for template in (self.full, *self.shorts):
            found = parse(template, value)
            if found is not None:
                return expand(self.full, {"project": project, "location": location, **found}, escape=False)
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
    "gcp:cloudrunv2/jobIamMember:JobIamMember": Target(
        "cloudRunV2",
        "name",
        "projects/{project}/locations/{location}/jobs/{name}",
        ("{project}/{location}/{name}", "{location}/{name}", "{name}"),
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": Target(
        "secretManager", "secretId", "projects/{project}/secrets/{secret}", ("{project}/{secret}", "{secret}")
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
