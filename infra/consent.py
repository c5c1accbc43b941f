"""A consent store: how long consents hold, and whether an update may create one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.consent_options import ConsentStoreSettings
from infra.options import options


@dataclass(frozen=True)
class ConsentStoreArgs:
    """What `ConsentStore` needs. `after` are the healthcare agent's grants: it reads artifacts and writes results."""

    dataset: pulumi.Input[str]
    settings: ConsentStoreSettings
    labels: Mapping[str, str] = field(default_factory=dict)
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class ConsentStore(pulumi.ComponentResource):
    """One consent store as its settings say.

    Its attributes are no resources of the provider: the settings' go into the outputs, and `consent define` makes
    definitions of them. They belong to the data, too: their values can only grow, and none goes that a consent names.
    """

    def __init__(self, name: str, args: ConsentStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:ConsentStore", name, None, opts)
        self.store = gcp.healthcare.ConsentStore(
            f"{name}-store",
            name=args.settings.name,
            dataset=args.dataset,
            labels=args.labels,
            default_consent_ttl=args.settings.default_consent_ttl,
            enable_consent_create_on_update=args.settings.enable_consent_create_on_update or None,
            opts=options(self, args.after, protect=args.deletion_protection),
        )
        self.register_outputs({"name": self.store.id})
