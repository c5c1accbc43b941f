"""The objects of Cloud Storage that loads and external tables read, with the rights of the caller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.bigquery import errors
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri

if TYPE_CHECKING:
    from emulator.context import Context


def find(context: Context, principal: str, uris: list[str]) -> tuple[list[Path], list[str]]:
    """The files behind gs:// addresses, of which each may hold one `*`. Raises 400, 403, 404."""
    paths, names = [], []
    for uri in uris:
        named = GsUri.of(uri)
        if named is None:
            raise errors.invalid(f"Invalid source URI {uri}; write gs://bucket/object.")
        bucket, pattern = named.bucket, named.name
        require_payer(context, bucket, principal)
        if pattern.count("*") > 1:
            raise errors.invalid(f"Invalid source URI {uri}: at most one * is allowed.")
        prefix, star, suffix = pattern.partition("*")
        _require(context, principal, "storage.objects.list" if star else "storage.objects.get", uri, bucket, pattern)
        matched = [
            item
            for item in api.iter_objects(context, bucket, prefix)
            if item.name == pattern or (star and item.name.endswith(suffix) and len(item.name) >= len(pattern) - 1)
        ]
        if not matched:
            raise errors.error("notFound", f"Not found: URI {uri}")
        for item in matched:
            _require(context, principal, "storage.objects.get", str(GsUri(bucket, item.name)), bucket, item.name)
            _require_open(context, item)
        paths += [context.blobs.path(item.blob_id) for item in matched]
        names += [str(GsUri(bucket, item.name)) for item in matched]
    return paths, names


def _require(context: Context, principal: str, permission: str, uri: str, bucket: str, name: str) -> None:
    """Raise the 403 of a load whose caller lacks a permission: to list is of the bucket, to get of each object."""
    if not api.may(context, principal, permission, bucket, "" if permission.endswith(".list") else name):
        raise errors.error(
            "accessDenied",
            "Access Denied: BigQuery BigQuery: Permission denied while globbing file pattern. "
            f"{principal.partition(':')[2]} does not have {permission} access to {uri}.",
        )


def _require_open(context: Context, item: api.StoredObject) -> None:
    """Raise 400 where the key that encrypted an object can't decrypt it any more."""
    try:
        api.require_open(context, item)
    except ApiError as problem:
        raise errors.invalid(f"{problem.message} File: {GsUri(item.bucket, item.name)}") from None


def require_payer(context: Context, bucket: str, principal: str) -> None:
    """Raise 400 where the bucket is requester pays and the caller may not bill its own project."""
    try:
        api.require_payer(context, bucket, principal)
    except ApiError as problem:
        raise errors.invalid(problem.message) from None
