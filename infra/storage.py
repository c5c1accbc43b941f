"""Buckets: landing, where DICOM files arrive, and export, where results are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

DAY = 24 * 60 * 60
UNFINISHED_UPLOAD_DAYS = 7


@dataclass(frozen=True)
class BucketsArgs:
    """What `Buckets` needs. `after` is what must be there before a bucket."""

    project: str
    location: str
    labels: Mapping[str, str]
    landing: str
    export: str
    soft_delete_days: int
    old_version_days: int
    landing_days: int
    export_days: int
    deletion_protection: bool
    after: Sequence[pulumi.Resource]


class Buckets(pulumi.ComponentResource):
    """The two buckets, private in every stack: uniform access, no public access, versions kept.

    No access logs of their own: Cloud Audit Logs say who read what.
    """

    def __init__(self, name: str, args: BucketsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Buckets", name, None, opts)
        self.landing = self._bucket(f"{name}-landing", args.landing, args.landing_days, args)
        self.export = self._bucket(f"{name}-export", args.export, args.export_days, args)
        self.register_outputs({})

    def _bucket(self, name: str, bucket: str, days: int, args: BucketsArgs) -> gcp.storage.Bucket:
        return gcp.storage.Bucket(
            name,
            name=bucket,
            # Without it the provider asks Compute Engine for the project's name.
            project=args.project,
            location=args.location.upper(),
            labels=args.labels,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=gcp.storage.BucketVersioningArgs(enabled=True),
            soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(
                retention_duration_seconds=args.soft_delete_days * DAY
            ),
            lifecycle_rules=_lifecycle(args.old_version_days, days),
            force_destroy=not args.deletion_protection,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.deletion_protection,
                delete_before_replace=True,
                depends_on=list(args.after),
            ),
        )


def _lifecycle(old_version_days: int, days: int) -> Sequence[gcp.storage.BucketLifecycleRuleArgs]:
    """Remove old versions and unfinished uploads, and live objects after `days` (0: never)."""
    rules = [
        _rule("Delete", days_since_noncurrent_time=old_version_days, with_state="ARCHIVED"),
        _rule("AbortIncompleteMultipartUpload", age=UNFINISHED_UPLOAD_DAYS),
    ]
    if days:
        rules.append(_rule("Delete", age=days, with_state="LIVE"))
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
