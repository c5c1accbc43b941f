"""The program run against Pulumi's mocks, and the graph of resources that it declares."""

from __future__ import annotations

import asyncio
import dataclasses
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

from infra.environment import Environment
from infra.exports import exports
from infra.settings import NAMESPACE, TOKEN_VARIABLE, Settings, parse

# Pulumi asks for a current event loop, and a test that used asyncio.run has left none. This one is never closed:
# Pulumi's mocks leave loops of their own in its worker threads, which would be reported with it.
_LOOP = asyncio.new_event_loop()

PROJECT = "some-project"
NUMBER = "123456789012"
STORAGE_AGENT = f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
BIGQUERY_AGENT = f"bq-{NUMBER}@bigquery-encryption.iam.gserviceaccount.com"

ENDPOINTS = {
    "gcp:storageCustomEndpoint": "http://127.0.0.1:9470/storage/v1/",
    "gcp:healthcareCustomEndpoint": "http://127.0.0.1:9470/v1beta1/",
    "gcp:pubsubCustomEndpoint": "http://127.0.0.1:9470/v1/",
    "gcp:bigQueryCustomEndpoint": "http://127.0.0.1:9470/bigquery/v2/",
    "gcp:resourceManagerCustomEndpoint": "http://127.0.0.1:9470/v1/",
    "gcp:cloudBillingCustomEndpoint": "http://127.0.0.1:9470/v1/",
    "gcp:serviceUsageCustomEndpoint": "http://127.0.0.1:9470/v1beta1/",
    "gcp:iamBetaCustomEndpoint": "http://127.0.0.1:9470/v1/",
    "gcp:kmsCustomEndpoint": "http://127.0.0.1:9470/v1/",
    "gcp:loggingCustomEndpoint": "http://127.0.0.1:9470/v2/",
    "gcp:monitoringCustomEndpoint": "http://127.0.0.1:9470/",
    f"{NAMESPACE}:pubsubGrpcEndpoint": "127.0.0.1:9471",
}


@dataclasses.dataclass(frozen=True)
class Declared:
    """One registered resource: its inputs as the provider gets them, and what it waits for."""

    urn: str
    kind: str
    name: str
    inputs: Mapping[str, Any]
    dependencies: frozenset[str]
    protect: bool
    delete_before_replace: bool
    keep: bool
    """Whether Pulumi forgets it where it would delete it."""
    unchanging: tuple[str, ...]
    """The inputs whose changes are ignored."""
    parent: str
    custom: bool


class Graph:
    """All resources of one run, and the stack's outputs."""

    def __init__(self, resources: list[Declared], outputs: Mapping[str, Any]) -> None:
        self._resources = {resource.urn: resource for resource in resources}
        self.outputs = outputs

    def __iter__(self) -> Iterator[Declared]:
        """Google's resources, without the components that group them."""
        return (resource for resource in self._resources.values() if resource.custom)

    def components(self) -> list[Declared]:
        """The components."""
        return [resource for resource in self._resources.values() if not resource.custom]

    def of(self, *kinds: str) -> list[Declared]:
        """The resources of the given types, such as `storage/bucket:Bucket`: at least one, or a test means nothing."""
        found = [resource for resource in self if resource.kind.removeprefix("gcp:") in kinds]
        assert found, f"nothing of {kinds} in the program"
        return found

    def one(self, kind: str, **inputs: object) -> Declared:
        """The only resource of a type with these inputs."""
        (found,) = [item for item in self.of(kind) if all(item.inputs.get(key) == inputs[key] for key in inputs)]
        return found

    def before(self, resource: Declared) -> set[str]:
        """The URNs of everything that exists before this resource is created."""
        seen: set[str] = set()
        waiting = list(resource.dependencies)
        while waiting:
            urn = waiting.pop()
            if urn not in seen:
                seen.add(urn)
                waiting.extend(self._resources[urn].dependencies)
        return seen


class _Google(mocks.Mocks):
    """Answers as Google does, as far as the program reads the answer."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = args.inputs
        project = inputs.get("project", "")
        identity = {
            "gcp:healthcare/dataset:Dataset": "projects/{project}/locations/{location}/datasets/{name}",
            "gcp:healthcare/dicomStore:DicomStore": "{dataset}/dicomStores/{name}",
            "gcp:healthcare/fhirStore:FhirStore": "{dataset}/fhirStores/{name}",
            "gcp:healthcare/hl7Store:Hl7Store": "{dataset}/hl7V2Stores/{name}",
            "gcp:healthcare/consentStore:ConsentStore": "{dataset}/consentStores/{name}",
            "gcp:cloudrunv2/job:Job": "projects/{project}/locations/{location}/jobs/{name}",
            "gcp:composer/environment:Environment": "projects/{project}/locations/{region}/environments/{name}",
            "gcp:kms/keyRing:KeyRing": "projects/{project}/locations/{location}/keyRings/{name}",
            "gcp:kms/cryptoKey:CryptoKey": "{keyRing}/cryptoKeys/{name}",
            "gcp:pubsub/topic:Topic": "projects/{project}/topics/{name}",
            "gcp:pubsub/subscription:Subscription": "projects/{project}/subscriptions/{name}",
        }.get(args.typ, args.name)
        state = dict(inputs)
        if args.typ == "gcp:logging/projectSink:ProjectSink":
            state["writerIdentity"] = f"serviceAccount:{args.name}-writer@gcp-sa-logging.iam.gserviceaccount.com"
        if args.typ == "gcp:projects/iAMCustomRole:IAMCustomRole":
            state["name"] = f"projects/{project}/roles/{inputs['roleId']}"
        if args.typ == "gcp:monitoring/notificationChannel:NotificationChannel":
            state["name"] = f"projects/{project}/notificationChannels/{args.name}"
        if args.typ == "gcp:composer/environment:Environment":
            state["config"] = {**inputs["config"], "dagGcsPrefix": "gs://airflow-bucket/dags"}
            state["storageConfig"] = {"bucket": "airflow-bucket"}
        if args.typ == "gcp:serviceaccount/account:Account":
            email = f"{inputs['accountId']}@{project}.iam.gserviceaccount.com"
            state |= {
                "email": email,
                "member": f"serviceAccount:{email}",
                "name": f"projects/{project}/serviceAccounts/{email}",
            }
        return identity.format(**inputs), state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answer = self._answers.get(args.token)
        assert answer is not None, f"the program calls {args.token}"
        return ({}, [("projectId", answer)]) if isinstance(answer, str) else (dict(answer), [])


class Recorder(mocks.MockMonitor):
    """Pulumi's mock engine, which also keeps every request to register a resource."""

    def __init__(self, google: _Google) -> None:
        super().__init__(google)
        self.declared: list[Declared] = []

    @classmethod
    def answering(cls, project: str, answers: Mapping[str, Any] | None = None) -> Recorder:
        """One whose provider knows `project`; `answers` replaces what its functions answer, as `declare` says."""
        functions = {
            "gcp:organizations/getProject:getProject": {"number": NUMBER, "projectId": project},
            "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {"emailAddress": STORAGE_AGENT},
            "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": {"email": BIGQUERY_AGENT},
        }
        return cls(_Google(functions | dict(answers or {})))

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self.declared.append(
                Declared(
                    urn=answer.urn,
                    kind=request.type,
                    name=request.name,
                    inputs=rpc.deserialize_properties(request.object),
                    dependencies=frozenset(request.dependencies),
                    protect=request.protect,
                    delete_before_replace=request.deleteBeforeReplace,
                    keep=request.retainOnDelete,
                    unchanging=tuple(request.ignoreChanges),
                    parent=request.parent,
                    custom=request.custom,
                )
            )
        return answer


def settings(stack: str = "dev", **changes: str) -> Settings:
    """The settings of a stack on Google Cloud; `changes` are keys of the project with their raw values."""
    return parse({"gcp:project": PROJECT, **{f"{NAMESPACE}:{key}": changes[key] for key in changes}}, stack, {})


def emulated(stack: str = "local", **changes: str) -> Settings:
    """The settings of a stack on the emulator."""
    values = {"gcp:project": PROJECT, **ENDPOINTS, **{f"{NAMESPACE}:{key}": changes[key] for key in changes}}
    return parse(values, stack, {TOKEN_VARIABLE: "token"})


def take_the_loop() -> None:
    """Make the one event loop of Pulumi's mocks the current one; for whoever runs a program against them."""
    asyncio.set_event_loop(_LOOP)


def declare(chosen: Settings, answers: Mapping[str, Any] | None = None) -> Graph:
    """Run the program with these settings against mocks and give back what it declared.

    `answers` replaces what the provider's functions answer, by token; a text in it is the error that one fails with.
    """
    take_the_loop()
    recorder = Recorder.answering(chosen.project, answers)
    pulumi.runtime.set_mocks(recorder.mocks, project=NAMESPACE, stack=chosen.stack, monitor=recorder)
    outputs: dict[str, Any] = {}

    def run() -> pulumi.Output[None]:
        values = exports(Environment(chosen))
        return pulumi.Output.all(**values).apply(outputs.update)

    with warnings.catch_warnings():
        # pulumi_gcp warns of its own deprecated functions when a module of it is first used.
        warnings.filterwarnings("ignore", r"gcp\..* has been deprecated", DeprecationWarning)
        pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]
    return Graph(recorder.declared, outputs)
