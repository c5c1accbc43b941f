"""A key ring of the stack's own, with a key for each kind of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.options import options

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class KeyRingArgs:
    """What `KeyRing` needs.

    `location` is Cloud KMS's name of it. `keys` are the ids of the keys: kinds of data. A key gets a new version every
    `rotation_days`, and a version that is destroyed can be restored for `destroy_days`. `after` is the API.
    """

    project: str
    location: str
    ring: str
    keys: Sequence[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    rotation_days: int = 90
    destroy_days: int = 30
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class KeyRing(pulumi.ComponentResource):
    """A key ring and its keys, by id in `keys`.

    Pulumi never deletes any of them. Cloud KMS cannot delete a ring or a key, and the provider would instead destroy
    every version of a key, and with them whatever is still encrypted by one: soft-deleted objects, copies, exports. So
    `pulumi destroy` leaves them, and a stack that comes back names another ring, or takes the old one over with
    `pulumi import`. How long a destroyed version can be restored is fixed when a key is made: a later change of
    `destroy_days` counts for new keys.
    """

    def __init__(self, name: str, args: KeyRingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:KeyRing", name, None, opts)
        kept = options(self, args.after, protect=args.deletion_protection, keep=True)
        ring = gcp.kms.KeyRing(f"{name}-ring", name=args.ring, project=args.project, location=args.location, opts=kept)
        lasting = pulumi.ResourceOptions(ignore_changes=["destroy_scheduled_duration"])
        self.keys: Mapping[str, gcp.kms.CryptoKey] = {
            key: gcp.kms.CryptoKey(
                f"{name}-{key}",
                name=key,
                key_ring=ring.id,
                labels=args.labels,
                rotation_period=f"{args.rotation_days * DAY}s",
                destroy_scheduled_duration=f"{args.destroy_days * DAY}s",
                opts=pulumi.ResourceOptions.merge(kept, lasting),
            )
            for key in args.keys
        }
        self.register_outputs({"keys": {key: made.id for key, made in self.keys.items()}})
