"""Fixtures: a consent store of its own for a test, in either API version."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.emulator import RunningEmulator

Json = dict[str, Any]
PURPOSES = ("research", "care")
ROLES = ("clinician", "researcher-a", "researcher-b")
RULE = "purpose == 'research'"


def attribute(name: str, *values: str) -> Json:
    return {"attributeDefinitionId": name, "values": [*values]}


def policy(rule: str = RULE, **attributes: str | Iterable[str]) -> Json:
    """A policy on what has any of the values of each attribute."""
    listed = [attribute(name, *([said] if isinstance(said, str) else said)) for name, said in attributes.items()]
    return {"resourceAttributes": listed, "authorizationRule": {"expression": rule}}


@dataclass(frozen=True)
class ConsentStore:
    """A consent store and ways to talk to it."""

    emulator: RunningEmulator
    name: str
    api: str = "v1"

    def send(self, verb: str, path: str = "", body: Json | None = None, token: str | None = None) -> tuple[int, Any]:
        """Send a request for what lies below the store: path with its first sign (/consents, :checkDataAccess)."""
        return self.emulator.request(verb, f"/{self.api}/{self.name}{path}", body, token)

    def ok(self, verb: str, path: str = "", body: Json | None = None) -> Json:
        """The answer to a request that must be taken."""
        code, answer = self.send(verb, path, body)
        assert code == 200, answer
        return dict(answer)

    def refused(self, verb: str, path: str = "", body: Json | None = None) -> tuple[str, str]:
        """(status, message) of a request that must be refused."""
        code, answer = self.send(verb, path, body)
        assert code >= 400, answer
        assert code != 500, answer
        return answer["error"]["status"], answer["error"]["message"]

    def of(self, resource: str) -> str:
        """The path below the store of a resource by its name."""
        return resource.removeprefix(self.name)

    def define(self, name: str, *values: str, category: str = "RESOURCE", **more: Any) -> Json:
        body = {"category": category, "allowedValues": [*values], **more}
        return self.ok("POST", f"/attributeDefinitions?attributeDefinitionId={name}", body)

    def artifact(self, user: str = "p1", **more: Any) -> str:
        return str(self.ok("POST", "/consentArtifacts", {"userId": user, **more})["name"])

    def consent(self, user: str = "p1", *policies: Json, **more: Any) -> Json:
        """A consent with an artifact of its own; researchers may use all of the user's data unless policies differ."""
        body = {"userId": user, "policies": [*(policies or (policy(),))], **more}
        body.setdefault("consentArtifact", self.artifact(user))
        return self.ok("POST", "/consents", body)

    def map(self, data: str, user: str = "p1", **attributes: str) -> Json:
        listed = [attribute(name, value) for name, value in attributes.items()]
        return self.ok("POST", "/userDataMappings", {"dataId": data, "userId": user, "resourceAttributes": listed})

    def check(self, data: str, full: bool = False, consents: Iterable[str] = (), **request: str) -> Json:
        body: Json = {"dataId": data, "requestAttributes": request, "responseView": "FULL" if full else "BASIC"}
        if consents:
            body["consentList"] = {"consents": [*consents]}
        return self.ok("POST", ":checkDataAccess", body)

    def details(self, data: str, consents: Iterable[str] = (), **request: str) -> dict[str, str]:
        """Evaluation results by consent."""
        found = self.check(data, full=True, consents=consents, **request).get("consentDetails", {})
        return {name: said["evaluationResult"] for name, said in found.items()}


@pytest.fixture
def make_bare(emulator: RunningEmulator, dataset: str, unique: Callable[[str], str]) -> Callable[..., ConsentStore]:
    """Create a consent store that defines nothing; `make_bare(defaultConsentTtl="86400s")`."""

    def make(api: str = "v1", **settings: Any) -> ConsentStore:
        path = f"/v1/{dataset}/consentStores?consentStoreId={unique('consents')}"
        code, answer = emulator.request("POST", path, settings)
        assert code == 200, answer
        return ConsentStore(emulator, answer["name"], api)

    return make


@pytest.fixture
def make_consents(make_bare: Callable[..., ConsentStore]) -> Callable[..., ConsentStore]:
    """Create a consent store that knows purposes and roles of requests, and the kind of data."""

    def make(api: str = "v1", **settings: Any) -> ConsentStore:
        store = make_bare(api, **settings)
        store.define("purpose", *PURPOSES, category="REQUEST")
        store.define("role", *ROLES, category="REQUEST")
        store.define("kind", "image", "report")
        return store

    return make


@pytest.fixture
def consents(make_consents: Callable[..., ConsentStore]) -> ConsentStore:
    """A consent store that knows purposes, roles and kinds of data."""
    return make_consents()
