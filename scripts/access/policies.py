"""Policies as Google's APIs show them: the bindings on a resource, and on all that it inherits from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.access.resources import Resource
from scripts.connection import Connection
from scripts.errors import ApiFailure, api_failure, lack

_VERSION = 3  # the lowest that shows conditions (IAM: "Policy versions")
# Roles that BigQuery writes in its own words (BigQuery: "Basic roles for datasets").
_OF_DATASETS = {
    "READER": "roles/bigquery.dataViewer",
    "WRITER": "roles/bigquery.dataEditor",
    "OWNER": "roles/bigquery.dataOwner",
}
_SPECIAL = {"projectOwners": "projectOwner", "projectWriters": "projectEditor", "projectReaders": "projectViewer"}
_STORES = {
    "DICOM store": "dicomStores",
    "FHIR store": "fhirStores",
    "HL7v2 store": "hl7V2Stores",
    "consent store": "consentStores",
}


@dataclass(frozen=True)
class Binding:
    """A role that members have on a resource, if the condition holds."""

    resource: Resource
    role: str
    members: tuple[str, ...]
    condition: Mapping[str, str] = field(default_factory=dict)
    """As IAM writes it, with title and expression; empty where there is none."""


@dataclass(frozen=True)
class Line:
    """The bindings that count for a resource, nearest first, and a sentence for each policy that can't be read."""

    bindings: tuple[Binding, ...]
    unread: tuple[str, ...]


class Policies:
    """Reads policies, each once."""

    def __init__(self, target: Connection) -> None:
        self._target = target
        self._read: dict[str, Line] = {}
        self._apis: dict[tuple[str, str], Any] = {}
        self._above: dict[str, Line] = {}
        self._ancestors: dict[str, list[Resource]] = {}

    def line(self, resource: Resource) -> Line:
        """What counts for a resource: its own policy, and those of all it inherits from, up to the organization."""
        own = [self.on(each) for each in resource.line]
        last = resource.line[-1]
        return _joined([*own, self._above_project(last)] if last.kind == "project" else own)

    def on(self, resource: Resource) -> Line:
        """The policy of the resource itself."""
        if resource.name not in self._read:
            self._read[resource.name] = self._look(resource)
        return self._read[resource.name]

    def _look(self, resource: Resource) -> Line:
        try:
            return Line(tuple(self._bindings(resource)), ())
        except Exception as error:
            refusal = api_failure(error)
            if refusal is None or refusal.code == 401:
                raise
            return Line((), (f"The policy of {resource} can't be read: {self.told(refusal)}",))

    def _above_project(self, project: Resource) -> Line:
        """What the folders and the organization of a project grant."""
        if project.name not in self._above:
            self._above[project.name] = self._look_above(project)
        return self._above[project.name]

    def _look_above(self, project: Resource) -> Line:
        try:
            above = self.ancestors(project)
        except Exception as error:
            refusal = api_failure(error)
            if refusal is None or refusal.code == 401:
                raise
            why = self.told(refusal)
            return Line((), (f"What folders and the organization above {project} grant can't be read: {why}",))
        return _joined(map(self.on, above))

    def ancestors(self, project: Resource) -> list[Resource]:
        """The folders and the organization above a project, nearest first. Raises what Google's client raises."""
        if project.name not in self._ancestors:
            projects = self.api("cloudresourcemanager", "v1").projects()
            answer = self.execute(projects.getAncestry(projectId=project.plain, body={}))
            ids = [each["resourceId"] for each in answer.get("ancestor", [])]
            self._ancestors[project.name] = [
                Resource(each["type"], f"{each['type']}s/{each['id']}", project.project)
                for each in ids
                if each["type"] != "project"
            ]
        return self._ancestors[project.name]

    def told(self, refusal: ApiFailure) -> str:
        """Who lacks what on what, by a refusal to show a policy."""
        return lack(refusal, self._target.surroundings)

    def execute(self, request: Any) -> Any:
        """What a request of one of Google's discovery clients answers."""
        return self._target.execute(request)

    def api(self, name: str, version: str) -> Any:
        """A client of one of Google's APIs, made once."""
        if (name, version) not in self._apis:
            self._apis[name, version] = self._target.api(name, version)
        return self._apis[name, version]

    def _bindings(self, resource: Resource) -> Iterable[Binding]:
        if resource.kind == "BigQuery dataset":
            return self._of_dataset(resource)
        found = self._policy(resource).get("bindings", [])
        return [
            Binding(resource, str(each["role"]), tuple(sorted(each.get("members", ()))), each.get("condition") or {})
            for each in found
        ]

    def _policy(self, resource: Resource) -> Mapping[str, Any]:
        """The policy in IAM's form."""
        if resource.kind == "object":
            return {}  # with uniform access, which every bucket of a stack has, objects have no policy of their own
        if resource.kind == "bucket":
            bucket = self._target.storage.bucket(resource.plain)
            return {"bindings": bucket.get_iam_policy(requested_policy_version=_VERSION).bindings}
        if resource.kind == "BigQuery table":
            body = {"options": {"requestedPolicyVersion": _VERSION}}
            return self._bigquery("POST", f"{resource.name}:getIamPolicy", json=body)
        policy: Mapping[str, Any] = self._target.execute(self._request(resource))
        return policy

    def _request(self, resource: Resource) -> Any:
        """The request for a policy, in the form that the resource's API has for it."""
        name, asked = resource.name, {"options_requestedPolicyVersion": _VERSION}
        body = {"options": {"requestedPolicyVersion": _VERSION}}
        posts: dict[str, Callable[[], Any]] = {
            "project": lambda: self.api("cloudresourcemanager", "v1").projects(),
            "folder": lambda: self.api("cloudresourcemanager", "v3").folders(),
            "organization": lambda: self.api("cloudresourcemanager", "v3").organizations(),
        }
        if resource.kind in posts:
            named = resource.plain if resource.kind == "project" else name
            return posts[resource.kind]().getIamPolicy(resource=named, body=body)
        if resource.kind in _STORES:
            return getattr(self._target.healthcare, _STORES[resource.kind])().getIamPolicy(resource=name, **asked)
        gets: dict[str, Callable[[], Any]] = {
            "healthcare dataset": lambda: self._target.healthcare,
            "topic": lambda: self.api("pubsub", "v1").projects().topics(),
            "subscription": lambda: self.api("pubsub", "v1").projects().subscriptions(),
            "service account": lambda: self.api("iam", "v1").projects().serviceAccounts(),
            "Cloud Run job": lambda: self.api("run", "v2").projects().locations().jobs(),
            "key ring": lambda: self.api("cloudkms", "v1").projects().locations().keyRings(),
            "key": lambda: self.api("cloudkms", "v1").projects().locations().keyRings().cryptoKeys(),
        }
        return gets[resource.kind]().getIamPolicy(resource=name, **asked)

    def _of_dataset(self, resource: Resource) -> list[Binding]:
        """The access entries of a BigQuery dataset as bindings; authorized views and routines are no members."""
        found = self._bigquery("GET", resource.name, params={"accessPolicyVersion": _VERSION})
        bindings = []
        for entry in found.get("access", []):
            member = _member(entry, resource.name.split("/")[1])
            if member and entry.get("role"):
                role = _OF_DATASETS.get(entry["role"], entry["role"])
                bindings.append(Binding(resource, role, (member,), entry.get("condition") or {}))
        return bindings

    def _bigquery(self, method: str, path: str, **arguments: Any) -> Mapping[str, Any]:
        """Ask BigQuery's API itself: its client leaves conditions out. Raises GoogleAPICallError."""
        from google.api_core.exceptions import from_http_response

        root = self._target.endpoints.bigquery or "https://bigquery.googleapis.com"
        answer = self._target.session.request(method, f"{root}/bigquery/v2/{path}", **arguments)
        if not answer.ok:
            raise from_http_response(answer)
        body: Mapping[str, Any] = answer.json()
        return body


def _member(entry: Mapping[str, Any], project: str) -> str | None:
    """An access entry's member as IAM writes it."""
    if special := entry.get("specialGroup"):
        return f"{_SPECIAL[special]}:{project}" if special in _SPECIAL else str(special)
    if email := entry.get("userByEmail"):
        kind = "serviceAccount" if email.endswith(".gserviceaccount.com") else "user"
        return f"{kind}:{email}"
    for key, kind in (("groupByEmail", "group:"), ("domain", "domain:"), ("iamMember", "")):
        if entry.get(key):
            return f"{kind}{entry[key]}"
    return None


def _joined(lines: Iterable[Line]) -> Line:
    parts = list(lines)
    bindings = tuple(binding for part in parts for binding in part.bindings)
    return Line(bindings, tuple(sentence for part in parts for sentence in part.unread))
