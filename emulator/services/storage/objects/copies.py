"""storage.objects compose, copy, rewrite and move. A copy shares the bytes of its source; only compose writes new ones.

https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite and .../compose.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import sqlite3
from typing import Any

import orjson

from emulator.gateway.request import Answer, Request
from emulator.services.storage import access, errors, keys
from emulator.services.storage.acls import uploads as acls
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.names import check_object_name
from emulator.services.storage.objects import rows, settings
from emulator.services.storage.objects.changes import Change, Draft
from emulator.services.storage.objects.conditions import Conditions
from emulator.services.storage.objects.methods import view
from emulator.services.storage.objects.rows import StoredObject, Tx
from emulator.services.storage.objects.uploads import refuse_own_key
from emulator.services.storage.service import handles
from emulator.state.blob_files import Blob

MAX_SOURCES = 32
MEBIBYTE = 1 << 20
_NOT_COPIED = ("acl", "eventBasedHold", "kmsKeyName", "retention", "temporaryHold")


@handles("storage.objects.copy")
async def copy(request: Request) -> Answer:
    """Copy an object in one step."""
    bucket, stored = await _copy(request)
    return view(request, bucket, stored)


@handles("storage.objects.rewrite")
async def rewrite(request: Request) -> Answer:
    """Copy an object, in several calls where the caller limits each and the bytes have to move."""
    query = request.query
    source = _source(request)
    target = access.bucket_for(
        request, "storage.objects.create", request.path["destinationBucket"], request.path["destinationObject"]
    )
    limit = query.get("maxBytesRewrittenPerCall")
    if limit is not None and (limit < MEBIBYTE or limit % MEBIBYTE):
        raise errors.invalid("maxBytesRewrittenPerCall must be a multiple of 1 MiB (1048576 bytes), 1 MiB at least.")
    digest = _digest(request, source)
    written = _written(query["rewriteToken"], digest) if query.get("rewriteToken") else 0
    answer: dict[str, Any] = {"kind": "storage#rewriteResponse", "objectSize": str(source.size)}
    written = min(source.size, written + limit) if limit and _moves(request, source, target) else source.size
    answer["totalBytesRewritten"] = str(written)
    if written < source.size:
        token = base64.urlsafe_b64encode(orjson.dumps([digest, written])).decode()
        return {**answer, "done": False, "rewriteToken": token}
    bucket, stored = await _copy(request)
    return {**answer, "done": True, "resource": view(request, bucket, stored)}


@handles("storage.objects.move")
async def move(request: Request) -> Answer:
    """Rename an object within its bucket, in one step."""
    context, path, query = request.context, request.path, request.query
    name, new_name = path["sourceObject"], path["destinationObject"]
    check_object_name(new_name)
    bucket = access.bucket_for(request, _move_permission(request, name), object_name=name)
    access.require(request, bucket, "storage.objects.create", new_name)
    may_replace = access.allows(request, bucket, "storage.objects.delete", new_name)
    conditions, source_conditions = Conditions.of(query), Conditions.of(query, "ifSource")

    def step(tx: sqlite3.Connection) -> StoredObject:
        change = Change(context, tx, bucket.name)
        source = rows.live(change.reader, bucket.name, name)
        if source is None:
            raise errors.no_such_object(bucket.name, name)
        source_conditions.check(source)
        body = {**source.settings, "storageClass": source.storage_class}
        stored = change.store(_draft(new_name, source, body, source.content_type), conditions, may_replace=may_replace)
        change.discard(source, for_good=False)
        return stored

    return view(request, bucket, await context.db.write(step))


def _move_permission(request: Request, name: str) -> str:
    """What is asked for to move an object: to move it; or to delete it, of whoever may read it but not move it.

    Cloud Storage: JSON API, objects.move, "Required permissions".
    """
    bucket = buckets.require(request.context.db, request.path["bucket"])
    moves = access.allows(request, bucket, "storage.objects.move", name)
    reads = access.allows(request, bucket, "storage.objects.get", name)
    return "storage.objects.delete" if reads and not moves else "storage.objects.move"


@handles("storage.objects.compose")
async def compose(request: Request) -> Answer:
    """Join up to 32 objects of a bucket into one."""
    context, name = request.context, request.path["destinationObject"]
    check_object_name(name)
    refuse_own_key(request.headers)
    bucket = access.bucket_for(request, "storage.objects.create", request.path["destinationBucket"], name)
    destination = acls.of_new(
        request, bucket, request.body.get("destination") or {}, request.query.get("destinationPredefinedAcl")
    )
    keys.for_new(context, bucket, request.query.get("kmsKeyName") or destination.get("kmsKeyName"))
    may_replace = access.allows(request, bucket, "storage.objects.delete", name)
    conditions = Conditions.of(request.query)
    sources = _compose_sources(request, bucket)
    conditions.check(rows.live(context.db, bucket.name, name))
    delete_sources = bool(request.body.get("deleteSourceObjects"))
    if delete_sources:
        for source in sources:
            access.require(request, bucket, "storage.objects.delete", source.name)
    gone: dict[tuple[str, int | None], None] = {}  # for good, where the caller named a generation
    for source, asked in zip(sources, request.body["sourceObjects"], strict=True) if delete_sources else ():
        if source.name != name:
            gone[source.name, source.generation if asked.get("generation") else None] = None
    blob = await _joined(request, sources)
    draft = Draft(
        name,
        blob,
        destination,
        components=sum(source.components or 1 for source in sources),
        has_md5=False,
        kms_key=request.query.get("kmsKeyName"),
    )

    def step(tx: sqlite3.Connection) -> StoredObject:
        change = Change(context, tx, bucket.name)
        stored = change.store(draft, conditions, may_replace=may_replace)
        for source, generation in gone:
            change.delete(source, generation)
        return stored

    return view(request, bucket, await context.db.write(step))


def _compose_sources(request: Request, bucket: Bucket) -> list[StoredObject]:
    wanted = request.body.get("sourceObjects") or []
    if not wanted:
        raise errors.required("sourceObjects")
    if len(wanted) > MAX_SOURCES:
        raise errors.invalid(
            f"The number of source components provided ({len(wanted)}) exceeds the maximum ({MAX_SOURCES})."
        )
    found = []
    for source in wanted:
        name = source.get("name") or ""
        check_object_name(name)
        access.require(request, bucket, "storage.objects.get", name)
        generation = int(source["generation"]) if source.get("generation") else None
        stored = rows.find(request.context.db, bucket.name, name, generation)
        if stored is None:
            raise errors.no_such_object(bucket.name, name, generation)
        Conditions.of(source.get("objectPreconditions") or {}).check(stored)
        keys.require_open(request.context, stored)
        found.append(stored)
    return found


async def _joined(request: Request, sources: list[StoredObject]) -> Blob | StoredObject:
    if len(sources) == 1:
        return sources[0]
    blobs = request.context.blobs
    async with blobs.writer() as writer:
        for source in sources:
            try:
                async for chunk in blobs.stream(source.blob_id):
                    await writer.write(chunk)
            except FileNotFoundError:  # deleted since it was looked up
                raise errors.no_such_object(source.bucket, source.name, source.generation) from None
        return await writer.finish()


async def _copy(request: Request) -> tuple[Bucket, StoredObject]:
    context, path, query = request.context, request.path, request.query
    name = path["destinationObject"]
    check_object_name(name)
    refuse_own_key(request.headers)
    source_bucket = access.bucket_for(request, "storage.objects.get", path["sourceBucket"], path["sourceObject"])
    target = access.bucket_for(request, "storage.objects.create", path["destinationBucket"], name)
    entries = acls.of_new(request, target, request.body or {}, query.get("destinationPredefinedAcl")).get("acl")
    keys.for_new(context, target, query.get("destinationKmsKeyName"))
    may_replace = access.allows(request, target, "storage.objects.delete", name)
    conditions, source_conditions = Conditions.of(query), Conditions.of(query, "ifSource")
    generation = query.get("sourceGeneration")

    def step(tx: sqlite3.Connection) -> tuple[Bucket, StoredObject]:
        source = rows.find(Tx(tx), source_bucket.name, path["sourceObject"], generation)
        if source is None:
            raise errors.no_such_object(source_bucket.name, path["sourceObject"], generation)
        source_conditions.check(source)
        keys.require_open(context, source, tx)
        change = Change(context, tx, target.name)
        body, content_type = _metadata(request, source)
        draft = _draft(name, source, {**body, "acl": entries}, content_type, query.get("destinationKmsKeyName"))
        return change.bucket, change.store(draft, conditions, may_replace=may_replace)

    return await context.db.write(step)


def _metadata(request: Request, source: StoredObject) -> tuple[dict[str, Any], str | None]:
    """The copy's metadata: the caller's where he sent any, else the source's. Holds and keys are never copied."""
    body = request.body or {}
    if any(body.get(key) is not None for key in (*settings.FIELDS, "contentType")):
        return body, body.get("contentType")
    kept = {key: value for key, value in source.settings.items() if key not in _NOT_COPIED}
    return {**kept, "storageClass": body.get("storageClass")}, source.content_type


def _draft(
    name: str, source: StoredObject, body: dict[str, Any], content_type: str | None, kms_key: str | None = None
) -> Draft:
    return Draft(name, source, body, content_type, source.components, has_md5=source.md5 is not None, kms_key=kms_key)


def _source(request: Request) -> StoredObject:
    path, generation = request.path, request.query.get("sourceGeneration")
    bucket = access.bucket_for(request, "storage.objects.get", path["sourceBucket"], path["sourceObject"])
    source = rows.find(request.context.db, bucket.name, path["sourceObject"], generation)
    if source is None:
        raise errors.no_such_object(bucket.name, path["sourceObject"], generation)
    return source


def _moves(request: Request, source: StoredObject, target: Bucket) -> bool:
    """Whether the bytes have to be written anew: another storage class, or another place."""
    storage_class = (request.body or {}).get("storageClass") or target.storage_class
    origin = buckets.require(request.context.db, source.bucket)
    return bool(storage_class != source.storage_class or origin.body["location"] != target.body["location"])


def _digest(request: Request, source: StoredObject) -> str:
    """What a rewrite token is bound to: the same source version, target and metadata."""
    named = [sorted(request.path.items()), source.generation, request.body]
    return hashlib.sha256(orjson.dumps(named, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _written(token: str, digest: str) -> int:
    try:
        of, written = orjson.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, binascii.Error):
        of, written = "", 0
    if of != digest or not isinstance(written, int):
        raise errors.invalid("Invalid rewriteToken: it belongs to another request, or the source has changed.")
    return written
