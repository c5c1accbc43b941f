"""A bucket, and the SQL that finds and changes buckets."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.serviceusage.catalogue import agent_email
from emulator.services.storage import errors
from emulator.services.storage.names import bucket_etag
from emulator.services.storage.objects.rows import Reader
from emulator.services.storage.tables import timestamp

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass(frozen=True)
class Bucket:
    """A bucket: times in microseconds, body what the JSON API shows besides what follows from the other fields."""

    name: str
    project: str
    metageneration: int
    created: int
    updated: int
    body: dict[str, Any]

    @property
    def generation(self) -> int:
        """The bucket's own generation: when it was created."""
        return self.created

    @property
    def resource(self) -> str:
        """The name under which its IAM policy is kept and checked."""
        return f"projects/{self.project}/buckets/{self.name}"

    @property
    def agent(self) -> str:
        """The e-mail address of the Cloud Storage service agent of its project."""
        return agent_email("storage", self.project)

    @property
    def storage_class(self) -> str:
        """The class of objects that name none."""
        return str(self.body["storageClass"])

    @cached_property
    def versioned(self) -> bool:
        """Whether replaced and deleted objects are kept as noncurrent versions."""
        return bool(self.body.get("versioning", {}).get("enabled"))

    @cached_property
    def soft_delete_seconds(self) -> int:
        """How long deleted objects can be restored."""
        return int(self.body["softDeletePolicy"]["retentionDurationSeconds"])

    @cached_property
    def retention_seconds(self) -> int:
        """How old an object must be to be deleted; 0 for no retention policy."""
        return int(self.body.get("retentionPolicy", {}).get("retentionPeriod", 0))

    @property
    def uniform(self) -> bool:
        """Whether access follows from IAM alone."""
        return bool(self.body["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"])

    @property
    def public_access_prevented(self) -> bool:
        """Whether allUsers and allAuthenticatedUsers are shut out."""
        return bool(self.body["iamConfiguration"]["publicAccessPrevention"] == "enforced")

    @property
    def requester_pays(self) -> bool:
        """Whether callers from elsewhere must name the project that pays."""
        return bool(self.body.get("billing", {}).get("requesterPays"))

    def view(self, base_url: str, project_number: str) -> dict[str, Any]:
        """The Bucket resource of the JSON API."""
        return {
            "kind": "storage#bucket",
            "id": self.name,
            "name": self.name,
            "selfLink": f"{base_url}/storage/v1/b/{self.name}",
            "projectNumber": project_number,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "timeCreated": timestamp(self.created),
            "updated": timestamp(self.updated),
            "etag": bucket_etag(self.metageneration),
            **{key: value for key, value in self.body.items() if key != "defaultObjectAcl"},
        }


_SELECT = "SELECT name, project, metageneration, created, updated, body FROM storage_buckets "


def _bucket(row: sqlite3.Row) -> Bucket:
    name, project, metageneration, created, updated, body = row
    return Bucket(name, project, metageneration, created, updated, orjson.loads(body))


def find(reader: Reader, name: str) -> Bucket | None:
    """The bucket of that name."""
    row = reader.one(_SELECT + "WHERE name = ?", (name,))
    return _bucket(row) if row else None


def require(reader: Reader, name: str) -> Bucket:
    """The bucket of that name; 404 where there is none."""
    bucket = find(reader, name)
    if bucket is None:
        raise errors.no_such_bucket()
    return bucket


def page(reader: Reader, project: str, prefix: str, after: str, limit: int) -> list[Bucket]:
    """Up to `limit` buckets of a project in order of name, those after `after`."""
    sql = _SELECT + "WHERE project = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
    return [_bucket(row) for row in reader.all(sql, (project, after, len(prefix), prefix, limit))]


def every(reader: Reader) -> list[Bucket]:
    """All buckets of all projects."""
    return [_bucket(row) for row in reader.all(_SELECT + "ORDER BY name")]


def insert(tx: sqlite3.Connection, bucket: Bucket) -> None:
    """Add a bucket; 409 where the name is taken."""
    taken = tx.execute("SELECT project FROM storage_buckets WHERE name = ?", (bucket.name,)).fetchone()
    if taken is not None:
        raise errors.bucket_exists(own=taken[0] == bucket.project)
    tx.execute(
        "INSERT INTO storage_buckets (name, project, metageneration, created, updated, body) VALUES (?, ?, ?, ?, ?, ?)",
        (bucket.name, bucket.project, bucket.metageneration, bucket.created, bucket.updated, _dump(bucket.body)),
    )


def update(tx: sqlite3.Connection, bucket: Bucket) -> None:
    """Write a bucket's changed body back."""
    tx.execute(
        "UPDATE storage_buckets SET metageneration = ?, updated = ?, body = ? WHERE name = ?",
        (bucket.metageneration, bucket.updated, _dump(bucket.body), bucket.name),
    )


def remove(context: Context, tx: sqlite3.Connection, bucket: Bucket) -> None:
    """Delete a bucket with what is left in it: soft-deleted objects, uploads under way, notifications, policy."""
    uploads = "upload IN (SELECT id FROM storage_multipart WHERE bucket = ?)"
    bytes_of = (
        f"SELECT blob FROM storage_objects WHERE bucket = ? UNION ALL SELECT blob FROM storage_parts WHERE {uploads}"  # noqa: S608 - constants
    )
    for (blob,) in tx.execute(bytes_of, (bucket.name, bucket.name)).fetchall():
        context.blobs.drop_ref(tx, blob)
    tx.execute(f"DELETE FROM storage_parts WHERE {uploads}", (bucket.name,))  # noqa: S608 - constants
    for table in ("storage_objects", "storage_notifications", "storage_uploads", "storage_multipart"):
        tx.execute(f"DELETE FROM {table} WHERE bucket = ?", (bucket.name,))  # noqa: S608 - the names stand above
    tx.execute("DELETE FROM storage_buckets WHERE name = ?", (bucket.name,))
    context.policies.delete(tx, bucket.resource)


def _dump(body: dict[str, Any]) -> str:
    return orjson.dumps(body).decode()
