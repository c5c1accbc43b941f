"""Customer-managed encryption: which of Google's services may use which key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.options import options

ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_SERVICES = {
    "bigquery": ("bigquery",),
    "healthcare": ("healthcare",),
    "objects": ("storage",),
    "pubsub": ("pubsub",),
    "logs": ("storage",),
    "dataflow": ("dataflow", "compute"),
}
"""Whose agents encrypt a kind of data: log entries are kept in a bucket, and Dataflow's workers have disks."""


@dataclass(frozen=True)
class EncryptionArgs:
    """What `Encryption` needs.

    `keys` are the keys' full names by kind of data; several kinds may have one key. `agents` and `identities` say, by
    service, who encrypts for it and what creates that agent; `apis` are the services' APIs. `after` is what must be
    there before a grant: the keys, where the stack makes them.

    With `shared` the keys are others', and may encrypt data of other environments: Pulumi never takes the agents' right
    away, without which nobody could read that data.
    """

    project: str
    keys: Mapping[str, str]
    agents: Mapping[str, str]
    identities: Mapping[str, pulumi.Resource]
    apis: Mapping[str, pulumi.Resource]
    after: Sequence[pulumi.Resource] = ()
    shared: bool = False


class Encryption(pulumi.ComponentResource):
    """The right of Google's services to encrypt and decrypt with keys; `grants` are by kind of data."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Encryption", name, None, opts)
        self._name = name
        self._args = args
        self._emails = self._agents()
        self._made: dict[tuple[str, str], pulumi.Resource] = {}
        self.grants: Mapping[str, Sequence[pulumi.Resource]] = {
            kind: [self._grant(kind, service, key) for service in _SERVICES[kind]] for kind, key in args.keys.items()
        }
        self.register_outputs({})

    def _agents(self) -> dict[str, pulumi.Input[str]]:
        """The address of each service's agent; two have no service identity: asking for the address creates them."""
        args = self._args
        storage = gcp.storage.get_project_service_account_output(
            project=args.project, opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[args.apis["storage"]])
        )
        bigquery = gcp.bigquery.get_default_service_account_output(
            project=args.project, opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[args.apis["bigquery"]])
        )
        return {**args.agents, "storage": storage.email_address, "bigquery": bigquery.email}

    def _grant(self, kind: str, service: str, key: str) -> pulumi.Resource:
        """The grant of one key to one service's agent, made once."""
        if (service, key) not in self._made:
            purpose = "logs" if kind == "logs" else service
            self._made[service, key] = gcp.kms.CryptoKeyIAMMember(
                f"{self._name}-{purpose}",
                crypto_key_id=key,
                role=ROLE,
                member=pulumi.Output.concat("serviceAccount:", self._emails[service]),
                opts=options(
                    self,
                    [self._args.identities.get(service, self._args.apis[service]), *self._args.after],
                    keep=self._args.shared,
                ),
            )
        return self._made[service, key]
