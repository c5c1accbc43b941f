"""Every change of objects: one place where versions, holds, retention, soft delete and events meet.

All of it runs inside one write (on the database's writer thread), so a change and its messages stand or fall together.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.storage import errors, keys
from emulator.services.storage.buckets import events
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects import protection, rows, settings
from emulator.services.storage.objects.conditions import NONE, Conditions
from emulator.services.storage.objects.rows import StoredObject, Tx
from emulator.services.storage.tables import LIVE, NONCURRENT, SOFT_DELETED
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

SECOND = 1_000_000


@dataclass(frozen=True)
class Draft:
    """An object about to be: its name, bytes, and the resource that the caller sent (metadata, holds, class ...).

    blob is a finished file, or the version whose bytes it shares. has_md5 is false for a composed object.
    """

    name: str
    blob: Blob | StoredObject
    body: dict[str, Any]
    content_type: str | None = None
    components: int | None = None
    has_md5: bool = True
    kms_key: str | None = None


class Change:
    """One write to the objects of one bucket."""

    def __init__(self, context: Context, tx: sqlite3.Connection, bucket: str) -> None:
        self.context = context
        self.tx = tx
        self.reader = Tx(tx)
        self.bucket: Bucket = buckets.require(self.reader, bucket)
        self.now = int(context.clock.seconds() * SECOND)

    def store(self, draft: Draft, conditions: Conditions = NONE, *, may_replace: bool = True) -> StoredObject:
        """Create an object, or a new generation of it. Raises 412, 403 (held, retained, may not delete)."""
        current = rows.live(self.reader, self.bucket.name, draft.name)
        conditions.check(current)
        if current is not None and not may_replace:
            raise errors.may_not_replace(self.bucket.name, draft.name)
        newest = rows.highest_generation(self.reader, self.bucket.name, draft.name)
        moment = max(self.now, newest + 1)
        blob = draft.blob
        content_type = draft.content_type or draft.body.get("contentType")
        settings.check_header("contentType", content_type)
        stored = StoredObject(
            bucket=self.bucket.name,
            name=draft.name,
            generation=moment,
            metageneration=1,
            state=LIVE,
            size=blob.size,
            blob_id=blob.blob_id if isinstance(blob, StoredObject) else blob.id,
            md5=blob.md5 if draft.has_md5 else None,
            crc32c=blob.crc32c,
            content_type=content_type,
            storage_class=settings.storage_class(self.bucket, draft.body.get("storageClass")),
            components=draft.components,
            created=moment,
            updated=moment,
            class_updated=moment,
            noncurrent=None,
            soft_deleted=None,
            hard_delete=None,
            retain_from=moment,
            custom=orjson.dumps(settings.of_new(self.bucket, draft.body, self.now, self._key(draft))).decode(),
        )
        try:
            shared = stored.blob_id if isinstance(blob, StoredObject) else blob
            self.context.blobs.add_ref(self.tx, shared, keys.version_of(stored))
        except KeyError:  # the source went away after it was read
            raise errors.no_such_object(self.bucket.name, draft.name) from None
        if current is not None:
            self._retire(current, by=stored.generation)
        rows.insert(self.tx, stored)
        self._announce(events.FINALIZE, stored, other=current.generation if current else None)
        return stored

    def delete(self, name: str, generation: int | None, conditions: Conditions = NONE) -> None:
        """Delete the live version, or for good the generation named. Raises 404, 412, 403."""
        current = rows.find(self.reader, self.bucket.name, name, generation)
        if current is None:
            raise errors.no_such_object(self.bucket.name, name, generation)
        conditions.check(current)
        self.discard(current, for_good=generation is not None)

    def discard(self, version: StoredObject, *, for_good: bool) -> None:
        """Delete a version: noncurrent in a versioned bucket unless `for_good`, else soft-deleted or gone."""
        if version.state == LIVE and not for_good:
            self._retire(version)
            return
        protection.check_may_go(self.bucket, version, self.now)
        self._drop(version)

    def patch(
        self,
        name: str,
        generation: int | None,
        patch: dict[str, Any],
        conditions: Conditions,
        *,
        whole: bool,
        override: bool,
    ) -> StoredObject:
        """Change an object's metadata; `whole` replaces all of it (PUT). Raises 404, 412, 400, 403."""
        current = rows.find(self.reader, self.bucket.name, name, generation)
        if current is None:
            raise errors.no_such_object(self.bucket.name, name, generation)
        conditions.check(current)
        changed = settings.patched(self.bucket, current, patch, self.now, whole=whole, override=override)
        rows.update(self.tx, changed)
        self._announce(events.METADATA_UPDATE, changed)
        return changed

    def set_class(self, version: StoredObject, storage_class: str) -> None:
        """What a lifecycle rule does: another storage class for the same bytes."""
        changed = replace(version, storage_class=storage_class, class_updated=self.now, updated=self.now)
        rows.update(self.tx, replace(changed, metageneration=version.metageneration + 1))

    def restore(self, name: str, generation: int, conditions: Conditions, *, may_replace: bool) -> StoredObject:
        """Bring a soft-deleted generation back as a new live one. Raises 404, 412, 403."""
        deleted = rows.version(self.reader, self.bucket.name, name, generation, soft=True)
        if deleted is None:
            raise errors.no_such_object(self.bucket.name, name, generation)
        body = deleted.settings | {"storageClass": deleted.storage_class}
        draft = Draft(name, deleted, body, deleted.content_type, deleted.components, has_md5=deleted.md5 is not None)
        restored = self.store(draft, conditions, may_replace=may_replace)
        self.context.blobs.drop_ref(self.tx, deleted.blob_id)
        rows.remove(self.tx, deleted)
        return restored

    def purge(self, version: StoredObject) -> None:
        """Delete a soft-deleted version whose time is over, with its bytes."""
        rows.remove(self.tx, version)
        self.context.blobs.drop_ref(self.tx, version.blob_id)

    def _key(self, draft: Draft) -> str | None:
        """The version that encrypts a new object; bytes that are only moved or restored keep theirs."""
        wanted = draft.body.get("kmsKeyName")
        if isinstance(draft.blob, StoredObject) and draft.kms_key is None and wanted:
            return str(wanted)
        return keys.for_new(self.context, self.bucket, draft.kms_key or wanted, self.tx)

    def _retire(self, current: StoredObject, by: int | None = None) -> None:
        protection.check_may_go(self.bucket, current, self.now, archiving=self.bucket.versioned)
        if not self.bucket.versioned:
            self._drop(current, by=by)
            return
        noncurrent = replace(current, state=NONCURRENT, noncurrent=self.now)
        rows.update(self.tx, noncurrent)
        self._announce(events.ARCHIVE, noncurrent, other=by)

    def _drop(self, version: StoredObject, by: int | None = None) -> None:
        seconds = self.bucket.soft_delete_seconds
        if seconds:
            rows.update(
                self.tx,
                replace(version, state=SOFT_DELETED, soft_deleted=self.now, hard_delete=self.now + seconds * SECOND),
            )
        else:
            self.purge(version)
        self._announce(events.DELETE, version, other=by)

    def _announce(self, event: str, version: StoredObject, other: int | None = None) -> None:
        events.announce(self.context, self.tx, self.bucket, event, version, self.now, other_generation=other)
