"""storage.{bucket,defaultObject,object}AccessControls.*: the entries of the three kinds of lists.

A bucket's list and the legacy roles of its policy are one thing, as documented
(https://cloud.google.com/storage/docs/access-control/iam#acls); its default list and those of objects are kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from emulator.errors import ApiError
from emulator.gateway.request import Answer, Request, Response
from emulator.services.storage import access, errors
from emulator.services.storage.acls.entries import (
    MOST,
    OF_BUCKETS,
    OF_OBJECTS,
    OWNER,
    READER,
    WRITER,
    Entry,
    checked,
    described,
    entity_of,
    member_of,
    predefined,
    refuse_public,
)
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects import rows
from emulator.services.storage.objects.changes import Change
from emulator.services.storage.objects.conditions import NONE
from emulator.services.storage.objects.rows import StoredObject, Tx
from emulator.services.storage.service import handles

_LEGACY = {
    READER: "roles/storage.legacyBucketReader",
    WRITER: "roles/storage.legacyBucketWriter",
    OWNER: "roles/storage.legacyBucketOwner",
}
Edit = Callable[[list[Entry]], list[Entry]]


@dataclass(frozen=True)
class Kind:
    """One of the three: how its list is read, and how it is changed in a write."""

    name: str
    noun: str
    one: str
    roles: tuple[str, ...]
    reads: str
    writes: tuple[str, ...]
    read: Callable[[Request, Bucket], list[Entry]]
    write: Callable[[sqlite3.Connection, Request, Bucket, Edit], None]


def of_bucket(request: Request, bucket: Bucket) -> list[Entry]:
    """A bucket's list: who has one of the legacy roles, without condition."""
    return _of_policy(request.context.policies.get(bucket.resource))


def _of_policy(policy: dict[str, Any]) -> list[Entry]:
    bindings = policy.get("bindings", [])
    return [
        {"entity": entity, "role": role}
        for role in (OWNER, WRITER, READER)
        for binding in bindings
        if binding["role"] == _LEGACY[role] and "condition" not in binding
        for member in binding["members"]
        if (entity := entity_of(member))
    ]


def of_default(_request: Request, bucket: Bucket) -> list[Entry]:
    """A bucket's list for new objects: projectPrivate unless it has another."""
    found: list[Entry] = bucket.body.get("defaultObjectAcl", predefined("projectPrivate", bucket))
    return found


def of_settings(settings: dict[str, Any], bucket: Bucket) -> list[Entry]:
    """An object's list; of one that was stored with none, projectPrivate."""
    found: list[Entry] = settings.get("acl", predefined("projectPrivate", bucket))
    return found


def _of_object(request: Request, bucket: Bucket) -> list[Entry]:
    name, generation = request.path["object"], request.query.get("generation")
    stored = rows.find(request.context.db, bucket.name, name, generation)
    if stored is None:
        raise errors.no_such_object(bucket.name, name, generation)
    return of_settings(stored.settings, bucket)


def write_bucket(tx: sqlite3.Connection, request: Request, bucket: Bucket, edit: Edit) -> None:
    """Change a bucket's list in a write, which is to change the legacy roles of its policy."""
    context = request.context
    policy = context.policies.get(bucket.resource, tx)
    before = _of_policy(policy)
    after = edit(before)
    bindings = policy.get("bindings", [])
    gone = [entry for entry in before if entry not in after]
    for entry in gone:
        member = member_of(context, entry["entity"])
        bindings = [
            {**binding, "members": [each for each in binding["members"] if each != member]}
            if binding["role"] == _LEGACY[entry["role"]] and "condition" not in binding
            else binding
            for binding in bindings
        ]
    bindings = [binding for binding in bindings if binding["members"]]
    bindings += [
        {"role": _LEGACY[entry["role"]], "members": [member_of(context, entry["entity"])]}
        for entry in after
        if entry not in before
    ]
    context.policies.set(tx, bucket.resource, {**policy, "bindings": bindings})


def _write_default(tx: sqlite3.Connection, request: Request, bucket: Bucket, edit: Edit) -> None:
    current = buckets.require(Tx(tx), bucket.name)
    body = {**current.body, "defaultObjectAcl": edit(of_default(request, current))}
    now = int(request.context.clock.seconds() * 1_000_000)
    buckets.update(tx, replace(current, body=body, metageneration=current.metageneration + 1, updated=now))


def _write_object(tx: sqlite3.Connection, request: Request, bucket: Bucket, edit: Edit) -> None:
    name, generation = request.path["object"], request.query.get("generation")
    stored = rows.find(Tx(tx), bucket.name, name, generation)
    if stored is None:
        raise errors.no_such_object(bucket.name, name, generation)
    entries = edit(of_settings(stored.settings, bucket))
    Change(request.context, tx, bucket.name).patch(
        name, generation, {"acl": entries}, NONE, whole=False, override=False
    )


_READS, _WRITES = "storage.buckets.getIamPolicy", ("storage.buckets.setIamPolicy", "storage.buckets.update")
KINDS = (
    Kind(
        "bucketAccessControls", "a bucket", "bucketAccessControl", OF_BUCKETS, _READS, _WRITES, of_bucket, write_bucket
    ),
    Kind(
        *("defaultObjectAccessControls", "default object", "objectAccessControl", OF_OBJECTS),
        *(_READS, _WRITES, of_default, _write_default),
    ),
    Kind(
        *("objectAccessControls", "an object", "objectAccessControl", OF_OBJECTS, "storage.objects.getIamPolicy"),
        *(("storage.objects.setIamPolicy", "storage.objects.update"), _of_object, _write_object),
    ),
)


def view(request: Request, kind: Kind, bucket: Bucket, entry: Entry, name: str | None = None) -> dict[str, Any]:
    """The resource of an entry; name is the object's, for its own list."""
    where = {"bucketAccessControls": "acl", "defaultObjectAccessControls": "defaultObjectAcl"}.get(kind.name, "")
    where = where or f"o/{quote(name or '', safe='')}/acl"
    inside = f"{bucket.name}/{name}" if name else bucket.name
    return {
        "kind": f"storage#{kind.one}",
        "id": f"{inside}/{entry['entity']}",
        "selfLink": f"{request.base_url}/storage/v1/b/{bucket.name}/{where}/{entry['entity']}",
        "bucket": bucket.name,
        **({"object": name} if name else {}),
        **entry,
        **described(entry),
    }


def of_lists(request: Request, bucket: Bucket) -> dict[str, Any]:
    """The two lists of a bucket, as its resource shows them."""
    own, default = KINDS[0], KINDS[1]
    return {
        "acl": [view(request, own, bucket, entry) for entry in of_bucket(request, bucket)],
        "defaultObjectAcl": [view(request, default, bucket, entry) for entry in of_default(request, bucket)],
    }


def of_object(request: Request, bucket: Bucket, stored: StoredObject) -> list[dict[str, Any]]:
    """The resources of the entries of an object's list."""
    return [view(request, KINDS[2], bucket, entry, stored.name) for entry in of_settings(stored.settings, bucket)]


def _find(entries: list[Entry], entity: str) -> Entry:
    found = next((entry for entry in entries if entry["entity"] == entity), None)
    if found is None:
        raise ApiError(404, "NOT_FOUND", "The specified entity has no entry in the access control list.", "notFound")
    return found


def _bucket(request: Request, kind: Kind, permissions: tuple[str, ...], action: str) -> Bucket:
    name = request.path.get("object", "")
    bucket = access.bucket_for(request, permissions[0], object_name=name)
    for permission in permissions[1:]:
        access.require(request, bucket, permission, name)
    if bucket.uniform:
        raise errors.acl_disabled(f"{action} legacy ACL for {kind.noun}")
    return bucket


def _register(kind: Kind) -> None:
    def show(request: Request, bucket: Bucket, entry: Entry) -> dict[str, Any]:
        return view(request, kind, bucket, entry, request.path.get("object"))

    @handles(f"storage.{kind.name}.list")
    async def list_entries(request: Request) -> Answer:
        bucket = _bucket(request, kind, (kind.reads,), "get")
        items = [show(request, bucket, entry) for entry in kind.read(request, bucket)]
        return {"kind": f"storage#{kind.one}s", "items": items}

    @handles(f"storage.{kind.name}.get")
    async def get(request: Request) -> Answer:
        bucket = _bucket(request, kind, (kind.reads,), "get")
        return show(request, bucket, _find(kind.read(request, bucket), request.path["entity"]))

    async def put(request: Request, entry: Entry, *, must_be_there: bool) -> Answer:
        bucket = _bucket(request, kind, kind.writes, "update" if must_be_there else "insert")
        refuse_public(bucket, [entry])

        def edit(entries: list[Entry]) -> list[Entry]:
            if must_be_there:
                _find(entries, entry["entity"])
            after = [*(each for each in entries if each["entity"] != entry["entity"]), entry]
            if len(after) > MOST:
                raise errors.invalid(f"An access control list has at most {MOST} entries.")
            return after

        await request.context.db.write(kind.write, request, bucket, edit)
        return show(request, bucket, entry)

    @handles(f"storage.{kind.name}.insert")
    async def insert(request: Request) -> Answer:
        return await put(request, checked(request.body, kind.roles), must_be_there=False)

    async def change(request: Request) -> Answer:
        entry = checked({"entity": request.path["entity"], "role": request.body.get("role")}, kind.roles)
        return await put(request, entry, must_be_there=True)

    handles(f"storage.{kind.name}.patch")(change)
    handles(f"storage.{kind.name}.update")(change)

    @handles(f"storage.{kind.name}.delete")
    async def delete(request: Request) -> Answer:
        bucket, entity = _bucket(request, kind, kind.writes, "delete"), request.path["entity"]

        def edit(entries: list[Entry]) -> list[Entry]:
            _find(entries, entity)
            return [entry for entry in entries if entry["entity"] != entity]

        await request.context.db.write(kind.write, request, bucket, edit)
        return Response(204)


for _kind in KINDS:
    _register(_kind)
