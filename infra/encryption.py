"""Customer-managed encryption: who may use the stack's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.options import options

ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


@dataclass(frozen=True)
class EncryptionArgs:
    """What `Encryption` needs.

    `key` is the full name of an existing key. `agents` and `identities` say, by service, who encrypts for it and what
    creates that agent; `apis` are the services' APIs.
    """

    project: str
    key: str
    agents: Mapping[str, str]
    identities: Mapping[str, pulumi.Resource]
    apis: Mapping[str, pulumi.Resource]


class Encryption(pulumi.ComponentResource):
    """The right of each Google service to encrypt and decrypt with one existing key; `grants` are by service.

    The key itself is not made here. Key rings and keys cannot be deleted, so a stack could not come back under its
    name after `pulumi destroy`; and whoever looks after keys should not be whoever looks after data.
    """

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Encryption", name, None, opts)
        # These two agents have no service identity: asking for their address creates them.
        storage = gcp.storage.get_project_service_account_output(
            project=args.project, opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[args.apis["storage"]])
        )
        bigquery = gcp.bigquery.get_default_service_account_output(
            project=args.project, opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[args.apis["bigquery"]])
        )
        emails: dict[str, pulumi.Input[str]] = {
            **args.agents,
            "storage": storage.email_address,
            "bigquery": bigquery.email,
        }
        self.grants: Mapping[str, pulumi.Resource] = {
            service: gcp.kms.CryptoKeyIAMMember(
                f"{name}-{service}",
                crypto_key_id=args.key,
                role=ROLE,
                member=pulumi.Output.concat("serviceAccount:", email),
                opts=options(self, [args.identities.get(service, args.apis[service])]),
            )
            for service, email in emails.items()
        }
        self.register_outputs({})
