"""The resources that rules look at, wherever they come from: a preview, a stack's state, a policy pack, a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PRODUCTION = ("prod", "production")
"""Environments of these names must be protected and audited, whatever their configuration says."""
BUCKET = "storage/bucket:Bucket"
HEALTHCARE_DATASET = "healthcare/dataset:Dataset"
STORES = (
    "healthcare/consentStore:ConsentStore",
    "healthcare/dicomStore:DicomStore",
    "healthcare/fhirStore:FhirStore",
    "healthcare/hl7Store:Hl7Store",
)
KEY_RING = "kms/keyRing:KeyRing"
KEY = "kms/cryptoKey:CryptoKey"
TOPIC = "pubsub/topic:Topic"
SUBSCRIPTION = "pubsub/subscription:Subscription"
TABLES = "bigquery/dataset:Dataset"
SCHEDULED = ("cloudrunv2/job:Job", "composer/environment:Environment")
"""What runs by a schedule, and has labels and a place as what holds data has."""


_KNOWN = ("gcp", "pulumi", "healthcare-cloud-poc")
_HARMLESS = ("random", "tls", "time", "std")


def is_strange(kind: str) -> bool:
    """Whether a type (PACKAGE:MODULE:NAME) is of a package that rules know nothing of, and that may reach Google."""
    return kind.partition(":")[0] not in (*_KNOWN, *_HARMLESS)


@dataclass(frozen=True)
class Resource:
    """One declared resource of Google's: its type without `gcp:`, its Pulumi name, and its inputs."""

    kind: str
    name: str
    inputs: Mapping[str, Any]
    protect: bool = False

    @property
    def called(self) -> str:
        """What Google calls it, as far as the inputs say, else its Pulumi name."""
        return str(self.inputs.get("name") or self.inputs.get("datasetId") or self.name)


@dataclass(frozen=True)
class Asked:
    """What the configuration of a stack asks for, by which some rules judge.

    `location` and `key` are None where they aren't known or none is asked for; `key` is the full name of
    the one key, or of the key ring whose keys encrypt.
    """

    environment: str = ""
    location: str | None = None
    key: str | None = None
    protected: bool = True
    audited: bool = False

    @property
    def production(self) -> bool:
        """Whether this is an environment that must be protected and audited."""
        return self.environment in PRODUCTION


@dataclass(frozen=True)
class Graph:
    """All resources of a stack, and what its configuration asks for.

    `others` are type and name of each resource of a provider that rules know nothing of.
    """

    resources: tuple[Resource, ...]
    asked: Asked = field(default_factory=Asked)
    others: tuple[tuple[str, str], ...] = ()

    def of(self, *kinds: str) -> Iterator[Resource]:
        """The resources of some types."""
        return (each for each in self.resources if each.kind in kinds)


@dataclass(frozen=True)
class Violation:
    """What breaks a rule: the resource ("" for the stack as a whole), and a sentence with what to do."""

    resource: str
    sentence: str


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
