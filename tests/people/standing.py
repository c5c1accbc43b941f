"""A stack as the program declares it, made on an emulator by the stand-in's provider, without the engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.provider import schema
from emulator.provider import settings as provider_settings
from emulator.provider.flow import Naming
from emulator.provider.rest import Rest
from emulator.provider.tables import FLOWS
from infra.outputs import Outputs
from infra.settings import NAMESPACE, TOKEN_VARIABLE, Settings, parse
from tests.infra.graph import Declared, Graph, declare
from tests.support.emulator import RunningEmulator
from tests.support.endpoints import ENDPOINTS


def endpoints(emulator: RunningEmulator) -> dict[str, str]:
    """The gcp provider's keys that lead to an emulator, without their namespace."""
    return {f"{service}CustomEndpoint": f"{emulator.base_url}/{path}" for service, path in ENDPOINTS.items()}


def settings_on(emulator: RunningEmulator, keys: Mapping[str, str]) -> Settings:
    """The settings of a stack on an emulator; `keys` are the project's, with their raw values."""
    own = {f"{NAMESPACE}:{key}": value for key, value in keys.items()}
    values = {
        "gcp:project": emulator.project,
        **{f"gcp:{key}": url for key, url in endpoints(emulator).items()},
        f"{NAMESPACE}:pubsubGrpcEndpoint": emulator.grpc_address,
        **own,
    }
    return parse(values, "local", {TOKEN_VARIABLE: "token"})


@dataclass
class Standing:
    """A stack that is up: what the program declared, its outputs, and the provider's notes of each resource."""

    emulator: RunningEmulator
    graph: Graph
    outputs: Outputs
    rest: Rest
    state: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """Id and state of each resource by its URN."""
    tokens: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    """What the emulator chose by itself, by what the mocks have in its place."""

    def make(self, resource: Declared) -> None:
        """Create a resource as the provider does."""
        flow = FLOWS[resource.kind]
        given = {key: self._known(value) for key, value in resource.inputs.items()}
        inputs, problems = schema.check(flow.kind, given)
        assert problems == []
        flow.check(inputs, {}, self.rest.settings, Naming(resource.name))
        self.state[resource.urn] = flow.create(self.rest, inputs)
        if resource.kind == "gcp:logging/projectSink:ProjectSink":
            mocked = f"serviceAccount:{resource.name}-writer@gcp-sa-logging.iam.gserviceaccount.com"
            self.chosen[mocked] = self.state[resource.urn][1]["writerIdentity"]
        if resource.kind == "gcp:monitoring/notificationChannel:NotificationChannel":
            mocked = f"projects/{self.emulator.project}/notificationChannels/{resource.name}"
            self.chosen[mocked] = self.state[resource.urn][1]["name"]

    def _known(self, value: Any) -> Any:
        """A value with what the emulator chose in the place of what the mocks have, and whole numbers as such."""
        if isinstance(value, dict):
            return {key: self._known(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._known(item) for item in value]
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return self.chosen.get(value, value) if isinstance(value, str) else value

    def remove(self, resource: Declared) -> None:
        """Delete a resource as the provider does."""
        FLOWS[resource.kind].delete(self.rest, self.state.pop(resource.urn)[1])

    def grants(self) -> list[Declared]:
        """The grants of the program, but for those to people, who differ from stack to stack."""
        people = {each.name for each in self.people()}
        return [each for each in self.graph if "member" in each.inputs and each.name not in people]

    def people(self) -> list[Declared]:
        """The grants to people, to act as an account."""
        acting = "roles/iam.serviceAccountTokenCreator"
        return [each for each in self.graph if each.inputs.get("role") == acting and "-for-" in each.name]

    def grant(self, name: str) -> Declared:
        """A grant by its name in the program."""
        (found,) = [each for each in self.grants() if each.name == name]
        return found

    def holder(self, grant: Declared) -> str:
        """The address of the account that a grant is to."""
        return str(self._known(grant.inputs["member"])).partition(":")[2]

    def token(self, account: str) -> str:
        """An access token of a service account, asked for once."""
        if account not in self.tokens:
            path = f"/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
            status, answer = self.emulator.request(
                "POST", path, {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
            )
            assert status == 200, answer
            self.tokens[account] = answer["accessToken"]
        return self.tokens[account]


@contextlib.contextmanager
def emulating(folder: Path, project: str) -> Iterator[RunningEmulator]:
    """An emulator for a stack, with its state in a folder."""
    emulator = RunningEmulator(folder / "state", project).start()
    try:
        yield emulator
    finally:
        emulator.stop()


def stand(emulator: RunningEmulator, keys: Mapping[str, str]) -> Standing:
    """Make on an emulator all that the program declares for these keys, but for files, which the engine packs."""
    number = str(emulator.request("GET", f"/v1/projects/{emulator.project}")[1]["projectNumber"])
    domain = "iam.gserviceaccount.com"
    known = {
        "gcp:organizations/getProject:getProject": {"number": number, "projectId": emulator.project},
        "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {
            "emailAddress": f"service-{number}@gs-project-accounts.{domain}"
        },
        "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": {
            "email": f"bq-{number}@bigquery-encryption.{domain}"
        },
    }
    graph = declare(settings_on(emulator, keys), known)
    config = {"project": emulator.project, "accessToken": emulator.owner_token, **endpoints(emulator)}
    made = Standing(emulator, graph, Outputs.from_mapping(graph.outputs), Rest(provider_settings.load(config)))
    for resource in graph:
        if resource.kind != "gcp:storage/bucketObject:BucketObject":
            made.make(resource)
    return made
