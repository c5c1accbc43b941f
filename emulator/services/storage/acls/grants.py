"""What the list of an object lets somebody do, besides what policies do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.storage.acls.entries import OWNER, PUBLIC, READER, Entry, member_of
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects import rows

if TYPE_CHECKING:
    from emulator.context import Context

# https://cloud.google.com/storage/docs/access-control/iam-roles: what the legacy object roles hold.
_ROLES = {
    "storage.objects.get": (READER, OWNER),
    "storage.objects.getIamPolicy": (OWNER,),
    "storage.objects.setIamPolicy": (OWNER,),
    "storage.objects.update": (OWNER,),
}
_BASIC = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}


def allows(context: Context, principal: str, bucket: Bucket, permission: str, name: str) -> bool:
    """Whether the list of a bucket's live object gives a principal the permission; never under uniform access."""
    roles = _ROLES.get(permission)
    if roles is None or bucket.uniform:
        return False
    stored = rows.live(context.db, bucket.name, name)
    entries: list[Entry] = stored.settings.get("acl", []) if stored is not None else []
    return any(entry["role"] in roles and _is(context, principal, bucket, entry["entity"]) for entry in entries)


def _is(context: Context, principal: str, bucket: Bucket, entity: str) -> bool:
    if entity in PUBLIC:
        return not bucket.public_access_prevented and (entity == "allUsers" or bool(principal))
    member = member_of(context, entity)
    kind, _, value = member.partition(":")
    identities = context.policies.identities(principal)
    if kind in _BASIC:
        bindings = context.policies.get(f"projects/{value}").get("bindings", [])
        return any(b["role"] == _BASIC[kind] and not identities.isdisjoint(b["members"]) for b in bindings)
    return member in identities
