"""storage.buckets.*: insert, get, list, patch, update, delete, lockRetentionPolicy; the service agent."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from emulator.gateway import paging
from emulator.gateway.request import Answer, Request, Response
from emulator.services.serviceusage.catalogue import agent_email
from emulator.services.storage import access, errors, keys
from emulator.services.storage.acls import entries
from emulator.services.storage.acls.methods import Edit, of_lists, write_bucket
from emulator.services.storage.buckets import rows, rules
from emulator.services.storage.buckets.policies import default_policy
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.names import check_bucket_name
from emulator.services.storage.objects.conditions import Conditions
from emulator.services.storage.objects.listing import asked_page
from emulator.services.storage.objects.protection import check_may_go
from emulator.services.storage.objects.rows import Tx, is_empty, iterate
from emulator.services.storage.service import handles
from emulator.services.storage.tables import NONCURRENT
from emulator.settings import project_number


def view(request: Request, bucket: Bucket) -> dict[str, Any]:
    """The Bucket resource for this caller; with its lists where projection=full asks for that and he may see them."""
    body = bucket.view(request.base_url, project_number(bucket.project))
    full = request.query.get("projection") == "full" and not bucket.uniform
    if full and access.allows(request, bucket, "storage.buckets.getIamPolicy"):
        body |= of_lists(request, bucket)
    return body


def _project(request: Request, permission: str) -> str:
    project = request.query.get("project")
    if not project:
        raise errors.required("project")
    project = request.context.project_id(project)
    access.require_on_project(request, project, permission)
    if not request.context.project_exists(project):
        raise errors.unknown_project(project)
    return project


@handles("storage.buckets.insert")
async def insert(request: Request) -> Answer:
    """Create a bucket."""
    project = _project(request, "storage.buckets.create")
    name = request.body.get("name")
    if not name:
        raise errors.required("name")
    check_bucket_name(name)
    retention = bool(request.query.get("enableObjectRetention"))
    if retention:
        access.require_on_project(request, project, "storage.buckets.enableObjectRetention")
    now = int(request.context.clock.seconds() * 1_000_000)
    body = rules.created(request.body, name, now, object_retention=retention)
    keys.require_default(request.context, project, body["location"], _default_key(body))
    bucket, edit = _with_lists(request, Bucket(name, project, 1, now, now, body), {})

    def step(tx: sqlite3.Connection) -> None:
        rows.insert(tx, bucket)
        request.context.policies.set(tx, bucket.resource, default_policy(bucket))
        if edit is not None:
            write_bucket(tx, request, bucket, edit)

    await request.context.db.write(step)
    return view(request, bucket)


@handles("storage.buckets.get")
async def get(request: Request) -> Answer:
    """Read a bucket."""
    bucket = access.bucket_for(request, "storage.buckets.get")
    _not_soft_deleted(request)
    Conditions.of(request.query).check(bucket, reading=True)
    return view(request, bucket)


@handles("storage.buckets.list")
async def list_buckets(request: Request) -> Answer:
    """List a project's buckets in order of name."""
    project = _project(request, "storage.buckets.list")
    _not_soft_deleted(request)
    page = asked_page(request.query)
    limit = page.size
    found = rows.page(request.context.db, project, request.query.get("prefix", ""), page.name, limit + 1)
    answer: dict[str, Any] = {"kind": "storage#buckets"}
    if found:
        answer["items"] = [view(request, bucket) for bucket in found[:limit]]
    if len(found) > limit:
        answer["nextPageToken"] = paging.encode(found[limit - 1].name, 0)
    return answer


@handles("storage.buckets.patch")
async def patch(request: Request) -> Answer:
    """Change some fields: objects merge key by key, null removes."""
    return await _change(request, rules.patched)


@handles("storage.buckets.update")
async def update(request: Request) -> Answer:
    """Replace a bucket's settings."""
    return await _change(request, rules.replaced)


async def _change(request: Request, rule: Any) -> Answer:
    bucket = access.bucket_for(request, "storage.buckets.update")
    conditions = Conditions.of(request.query)
    if "acl" in request.body or request.query.get("predefinedAcl"):
        access.require(request, bucket, "storage.buckets.setIamPolicy")
    now = int(request.context.clock.seconds() * 1_000_000)

    def step(tx: sqlite3.Connection) -> Bucket:
        old = rows.require(Tx(tx), bucket.name)
        conditions.check(old)
        body = rule(old.body, request.body, bucket.name, now)
        changed = replace(old, body=body, metageneration=old.metageneration + 1, updated=now)
        changed, edit = _with_lists(request, changed, old.body)
        rows.update(tx, changed)
        if edit is not None:
            write_bucket(tx, request, changed, edit)
        return changed

    key = _default_key(request.body)
    if key != _default_key(bucket.body):
        keys.require_default(request.context, bucket.project, bucket.body["location"], key)
    return view(request, await request.context.db.write(step))


@handles("storage.buckets.delete")
async def delete(request: Request) -> Answer:
    """Delete a bucket without live objects, and with it the noncurrent versions that nothing protects.

    Cloud Storage wants noncurrent versions deleted first. Clients that destroy a bucket after its objects, as the
    Pulumi provider does, need not know which versions they left behind.
    """
    bucket = access.bucket_for(request, "storage.buckets.delete")
    conditions = Conditions.of(request.query)
    now = int(request.context.clock.seconds() * 1_000_000)

    def step(tx: sqlite3.Connection) -> None:
        current = rows.require(Tx(tx), bucket.name)
        conditions.check(current)
        if not is_empty(Tx(tx), bucket.name):
            raise errors.bucket_not_empty()
        for version in iterate(Tx(tx), bucket.name, states=(NONCURRENT,)):
            check_may_go(current, version, now)
        rows.remove(request.context, tx, current)

    await request.context.db.write(step)
    return Response(204)


@handles("storage.buckets.lockRetentionPolicy")
async def lock_retention(request: Request) -> Answer:
    """Lock the retention policy, for good."""
    bucket = access.bucket_for(request, "storage.buckets.update")
    conditions = Conditions.of(request.query)
    now = int(request.context.clock.seconds() * 1_000_000)

    def step(tx: sqlite3.Connection) -> Bucket:
        current = rows.require(Tx(tx), bucket.name)
        conditions.check(current)
        if "retentionPolicy" not in current.body:
            raise errors.invalid(f"Bucket '{bucket.name}' has no retention policy to lock.")
        policy = {**current.body["retentionPolicy"], "isLocked": True}
        body = {**current.body, "retentionPolicy": policy}
        locked = replace(current, body=body, metageneration=current.metageneration + 1, updated=now)
        rows.update(tx, locked)
        return locked

    return view(request, await request.context.db.write(step))


@handles("storage.buckets.getStorageLayout")
async def storage_layout(request: Request) -> Answer:
    """Where a bucket is; asked by clients before they choose a protocol."""
    bucket = access.bucket_for(request, "storage.objects.list")
    return {
        "kind": "storage#storageLayout",
        "bucket": bucket.name,
        "location": bucket.body["location"],
        "locationType": bucket.body["locationType"],
        "hierarchicalNamespace": {"enabled": False},
    }


@handles("storage.projects.serviceAccount.get")
async def service_account(request: Request) -> Answer:
    """The project's Cloud Storage service agent."""
    project = request.context.project_id(request.path["projectId"])
    access.require_on_project(request, project, "resourcemanager.projects.get")
    return {"kind": "storage#serviceAccount", "email_address": agent_email("storage", project)}


@handles("storage.managedFolders.list")
async def list_managed_folders(request: Request) -> Answer:
    """None, since none can be made here; gcloud asks for them when it removes a bucket with all that is in it."""
    access.bucket_for(request, "storage.managedFolders.list")
    return {"kind": "storage#managedFolders", "items": []}


@handles("storage.anywhereCaches.list")
async def list_caches(request: Request) -> Answer:
    """No bucket has caches here; clients that ask before they delete a bucket take 404 for none."""
    access.bucket_for(request, "storage.anywhereCaches.list")
    raise errors.no_caches()


def _not_soft_deleted(request: Request) -> None:
    if request.query.get("softDeleted"):
        raise errors.not_emulated("Soft-deleted buckets (softDeleted=true)")


def _with_lists(request: Request, bucket: Bucket, old: dict[str, Any]) -> tuple[Bucket, Edit | None]:
    """The bucket with the default list that is asked for, or the one it had; and what is to become of its own list.

    A predefined list of buckets adds to the policy of a new bucket; those that open nothing change nothing. Raises 400
    under uniform access, 412 for a list that lets everybody in where public access is prevented.
    """
    query, sent = request.query, request.body
    names = ("predefinedAcl", "predefinedDefaultObjectAcl")
    if bucket.uniform:
        if any(query.get(name) for name in names) or sent.get("acl") or sent.get("defaultObjectAcl"):
            raise errors.acl_disabled("use ACL API to update bucket policy")
        return bucket, None
    default = old.get("defaultObjectAcl")
    if query.get("predefinedDefaultObjectAcl"):
        default = entries.predefined(query["predefinedDefaultObjectAcl"], bucket)
    elif sent.get("defaultObjectAcl"):
        default = entries.checked_list(sent["defaultObjectAcl"], entries.OF_OBJECTS)
    edit: Edit | None = None
    if query.get("predefinedAcl") in entries.OPEN_BUCKETS:
        entity, role = entries.OPEN_BUCKETS[query["predefinedAcl"]]
        opened = {"entity": entity, "role": role}
        entries.refuse_public(bucket, [opened])
        edit = lambda before: [*before, opened] if opened not in before else before  # noqa: E731
    elif sent.get("acl"):
        wanted = entries.checked_list(sent["acl"], entries.OF_BUCKETS)
        entries.refuse_public(bucket, wanted)
        edit = lambda _: wanted  # noqa: E731
    if default is None:
        return bucket, edit
    if default != old.get("defaultObjectAcl"):
        entries.refuse_public(bucket, default)
    return replace(bucket, body={**bucket.body, "defaultObjectAcl": default}), edit


def _default_key(body: dict[str, Any]) -> str | None:
    """The name of the key that encrypts new objects of a Bucket resource, None for Google's own."""
    return (body.get("encryption") or {}).get("defaultKmsKeyName")
