"""The list that a new or changed object gets: predefined, sent along, or the bucket's default."""

from __future__ import annotations

from typing import Any

from emulator.gateway.request import Request
from emulator.services.storage import errors
from emulator.services.storage.acls.entries import OF_OBJECTS, checked_list, predefined, refuse_public, with_creator
from emulator.services.storage.buckets.rows import Bucket


def of_new(request: Request, bucket: Bucket, body: dict[str, Any], name: str | None) -> dict[str, Any]:
    """The resource of a new object with the list that is to be kept; without one where none was asked for.

    name is that of a predefined list, if the caller gave one. Raises 400 under uniform access, and for what is no list.
    """
    rest = {key: value for key, value in body.items() if key != "acl"}
    given = body.get("acl")
    if bucket.uniform:
        if name or given:
            raise errors.acl_disabled("insert legacy ACL for an object")
        return rest
    if name:
        entries = predefined(name, bucket)
    elif given:
        entries = checked_list(given, OF_OBJECTS)
    elif "defaultObjectAcl" in bucket.body:
        entries = bucket.body["defaultObjectAcl"]
    else:
        return rest
    refuse_public(bucket, entries)
    return {**rest, "acl": with_creator(entries, request.principal)}


def of_change(request: Request, bucket: Bucket, name: str | None) -> dict[str, Any]:
    """The changes of an object's metadata, their list checked. Raises 400 under uniform access."""
    body: dict[str, Any] = request.body
    if not name and "acl" not in body:
        return body
    if bucket.uniform:
        raise errors.acl_disabled("update legacy ACL for an object")
    entries = predefined(name, bucket) if name else checked_list(body["acl"], OF_OBJECTS)
    refuse_public(bucket, entries)
    return {**body, "acl": with_creator(entries, request.principal) if name else entries}
