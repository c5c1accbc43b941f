"""storage.objects.*: get, list, patch, update, delete, restore; testIamPermissions."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.gateway.request import Answer, Request, Response
from emulator.services.storage import access, errors, keys
from emulator.services.storage.acls import methods as acl_methods
from emulator.services.storage.acls import uploads as acl_uploads
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.names import object_etag
from emulator.services.storage.objects import downloads, listing, rows
from emulator.services.storage.objects.changes import Change
from emulator.services.storage.objects.conditions import Conditions
from emulator.services.storage.objects.listing import ListQuery
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.objects.view import object_view
from emulator.services.storage.service import handles


def view(request: Request, bucket: Bucket, stored: StoredObject) -> dict[str, Any]:
    """The Object resource for this caller; with its list where projection=full asks for that and he may see lists."""
    body = object_view(stored, bucket, request.base_url)
    if "kmsKeyName" in body and not keys.is_open(request.context, stored):
        body = {key: value for key, value in body.items() if key not in ("crc32c", "md5Hash")}
    full = request.query.get("projection") == "full" and not bucket.uniform
    if full and access.allows(request, bucket, "storage.objects.getIamPolicy"):
        body["acl"] = acl_methods.of_object(request, bucket, stored)
    return body


def _find(request: Request, permission: str) -> tuple[Bucket, StoredObject]:
    """The bucket and the version that a reader asks for, permission and conditions checked."""
    name = request.path["object"]
    bucket = access.bucket_for(request, permission, object_name=name)
    generation = request.query.get("generation")
    if request.query.get("softDeleted"):
        if generation is None:
            raise errors.required("generation")
        stored = rows.version(request.context.db, bucket.name, name, generation, soft=True)
    else:
        stored = rows.find(request.context.db, bucket.name, name, generation)
    if stored is None:
        if not access.allows(request, bucket, "storage.objects.list"):
            raise access.denied(request.principal, "storage.objects.list", "object")
        raise errors.no_such_object(bucket.name, name, generation)
    Conditions.of(request.query).check(stored, reading=True)
    _check_etag(request, stored)
    return bucket, stored


def _check_etag(request: Request, stored: StoredObject) -> None:
    headers = request.headers
    if "if-match" not in headers and "if-none-match" not in headers:
        return
    etag = object_etag(stored.generation, stored.metageneration)
    if etag in _etags(headers.get("if-none-match", "")):
        raise errors.not_modified()
    wanted = _etags(headers.get("if-match", etag))
    if etag not in wanted and "*" not in wanted:
        raise errors.condition_not_met()


def _etags(header: str) -> list[str]:
    return [part.strip().removeprefix("W/").strip('"') for part in header.split(",")]


@handles("storage.objects.get")
async def get(request: Request) -> Answer:
    """Read an object's metadata, or with alt=media its bytes."""
    bucket, stored = _find(request, "storage.objects.get")
    if ("alt", "media") in request.raw_query:
        return await downloads.answer(request, stored)
    return view(request, bucket, stored)


@handles("storage.media.download")
async def download(request: Request) -> Answer:
    """The same on the path that clients download from."""
    _, stored = _find(request, "storage.objects.get")
    return await downloads.answer(request, stored)


@handles("storage.objects.list")
async def list_objects(request: Request) -> Answer:
    """List objects and common prefixes."""
    bucket = access.bucket_to_list(request, request.query.get("prefix") or "")
    found = listing.page(request.context.db, bucket.name, ListQuery.of(request.query))
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if found.next_token is not None:
        answer["nextPageToken"] = found.next_token
    if found.prefixes:
        answer["prefixes"] = found.prefixes
    if found.items:
        answer["items"] = [view(request, bucket, stored) for stored in found.items]
    return answer


@handles("storage.objects.patch")
async def patch(request: Request) -> Answer:
    """Change some metadata: maps merge key by key, null removes."""
    return await _change(request, whole=False)


@handles("storage.objects.update")
async def update(request: Request) -> Answer:
    """Replace all metadata."""
    return await _change(request, whole=True)


async def _change(request: Request, *, whole: bool) -> Answer:
    context, name, query = request.context, request.path["object"], request.query
    bucket = access.bucket_for(request, "storage.objects.update", object_name=name)
    override = bool(query.get("overrideUnlockedRetention"))
    if "retention" in request.body:
        access.require(request, bucket, "storage.objects.setRetention", name)
    if override:
        access.require(request, bucket, "storage.objects.overrideUnlockedRetention", name)
    body = acl_uploads.of_change(request, bucket, query.get("predefinedAcl"))
    if "acl" in body:
        access.require(request, bucket, "storage.objects.setIamPolicy", name)
    conditions = Conditions.of(query)

    def step(tx: sqlite3.Connection) -> tuple[Bucket, StoredObject]:
        change = Change(context, tx, bucket.name)
        changed = change.patch(name, query.get("generation"), body, conditions, whole=whole, override=override)
        return change.bucket, changed

    current, changed = await context.db.write(step)
    return view(request, current, changed)


@handles("storage.objects.delete")
async def delete(request: Request) -> Answer:
    """Delete the live version, or the generation named."""
    context, name = request.context, request.path["object"]
    bucket = access.bucket_for(request, "storage.objects.delete", object_name=name)
    conditions, generation = Conditions.of(request.query), request.query.get("generation")

    def step(tx: sqlite3.Connection) -> None:
        Change(context, tx, bucket.name).delete(name, generation, conditions)

    await context.db.write(step)
    return Response(204)


@handles("storage.objects.restore")
async def restore(request: Request) -> Answer:
    """Bring a soft-deleted generation back as a new live version."""
    context, name = request.context, request.path["object"]
    bucket = access.bucket_for(request, "storage.objects.restore", object_name=name)
    access.require(request, bucket, "storage.objects.create", name)
    may_replace = access.allows(request, bucket, "storage.objects.delete", name)
    conditions, generation = Conditions.of(request.query), request.query["generation"]

    def step(tx: sqlite3.Connection) -> StoredObject:
        return Change(context, tx, bucket.name).restore(name, generation, conditions, may_replace=may_replace)

    return view(request, bucket, await context.db.write(step))


@handles("storage.objects.testIamPermissions")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on the object."""
    name = request.path["object"]
    bucket = buckets.require(request.context.db, request.path["bucket"])
    held = [p for p in request.query.get("permissions", []) if access.allows(request, bucket, p, name)]
    return {"kind": "storage#testIamPermissionsResponse", **({"permissions": held} if held else {})}
