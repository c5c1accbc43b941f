"""Buckets that are private by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.options import options

DAY = 24 * 60 * 60
UNFINISHED_UPLOAD_DAYS = 7


@dataclass(frozen=True)
class BucketArgs:
    """What `PrivateBucket` needs.

    `soft_delete_days` is how long a deleted object can be restored (0: not at all), `old_version_days` when a replaced
    or deleted object's old version goes. `days` is when a live object is deleted (0: never). `retention_days` is how
    long nobody may delete or replace an object (0: no such rule), and `locked` whether nobody may take that back, ever.
    `versions` is whether replaced and deleted objects
    are kept for a while; a bucket with retention needs none. `kms_key` is a key's full name, or None for Google's own.
    `after` is what must be there before the bucket.
    """

    project: str
    location: str
    bucket: str
    labels: Mapping[str, str] = field(default_factory=dict)
    soft_delete_days: int = 7
    old_version_days: int = 30
    days: int = 0
    retention_days: int = 0
    locked: bool = False
    versions: bool = True
    kms_key: str | None = None
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class PrivateBucket(pulumi.ComponentResource):
    """One bucket with uniform access, no public access, soft delete, and versions where they are asked for.

    It has no access logs of its own: Cloud Audit Logs say who read what.
    """

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:PrivateBucket", name, None, opts)
        self.bucket = gcp.storage.Bucket(
            f"{name}-bucket",
            name=args.bucket,
            # Without it the provider asks Compute Engine for the project's name.
            project=args.project,
            location=args.location.upper(),
            labels=args.labels,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=gcp.storage.BucketVersioningArgs(enabled=_keeps_versions(args)),
            retention_policy=_retention(args),
            soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(
                retention_duration_seconds=args.soft_delete_days * DAY
            ),
            lifecycle_rules=_lifecycle(args),
            encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=args.kms_key) if args.kms_key else None,
            force_destroy=not args.deletion_protection,
            opts=options(self, args.after, protect=args.deletion_protection),
        )
        self.register_outputs({"name": self.bucket.name})


def _retention(args: BucketArgs) -> gcp.storage.BucketRetentionPolicyArgs | None:
    """How long nobody may delete an object."""
    if not args.retention_days:
        return None
    return gcp.storage.BucketRetentionPolicyArgs(
        retention_period=str(args.retention_days * DAY), is_locked=True if args.locked else None
    )


def _keeps_versions(args: BucketArgs) -> bool:
    return args.versions and not args.retention_days


def _lifecycle(args: BucketArgs) -> Sequence[gcp.storage.BucketLifecycleRuleArgs]:
    """Remove old versions and unfinished uploads, and live objects where a limit is set."""
    rules = [_rule("AbortIncompleteMultipartUpload", age=UNFINISHED_UPLOAD_DAYS)]
    if _keeps_versions(args):
        rules.append(_rule("Delete", days_since_noncurrent_time=args.old_version_days, with_state="ARCHIVED"))
    if args.days:
        rules.append(_rule("Delete", age=args.days, with_state="LIVE"))
    return rules


def _rule(
    action: str,
    *,
    age: int | None = None,
    days_since_noncurrent_time: int | None = None,
    with_state: str | None = None,
) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type=action),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(
            age=age, days_since_noncurrent_time=days_since_noncurrent_time, with_state=with_state
        ),
    )
