"""Storage's own tables: buckets, object versions, notification configurations, uploads under way.

Times are microseconds since 1970 (UTC). A table of objects holds every version: `state` says live, noncurrent or
soft-deleted. SQLite compares text by its UTF-8 bytes, which is the order of Cloud Storage's listings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

LIVE, NONCURRENT, SOFT_DELETED = 0, 1, 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS storage_buckets (
    name TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    metageneration INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS storage_buckets_by_project ON storage_buckets (project, name);

CREATE TABLE IF NOT EXISTS storage_objects (
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    metageneration INTEGER NOT NULL,
    state INTEGER NOT NULL,
    size INTEGER NOT NULL,
    blob TEXT NOT NULL,
    md5 TEXT,
    crc32c TEXT NOT NULL,
    content_type TEXT,
    storage_class TEXT NOT NULL,
    components INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    class_updated INTEGER NOT NULL,
    noncurrent INTEGER,
    soft_deleted INTEGER,
    hard_delete INTEGER,
    retain_from INTEGER NOT NULL,
    custom TEXT NOT NULL,
    PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS storage_objects_live ON storage_objects (bucket, name) WHERE state = 0;
CREATE INDEX IF NOT EXISTS storage_objects_soft ON storage_objects (hard_delete) WHERE state = 2;

CREATE TABLE IF NOT EXISTS storage_notifications (
    bucket TEXT NOT NULL,
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (bucket, id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS storage_uploads (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    received INTEGER NOT NULL,
    request TEXT NOT NULL,
    answer TEXT
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS storage_multipart (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    request TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS storage_parts (
    upload TEXT NOT NULL,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,
    size INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    crc32c TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
"""


def timestamp(microseconds: int) -> str:
    """RFC 3339 with milliseconds, as Cloud Storage writes times: 2026-11-22T12:12:00.000Z."""
    return f"{_second(microseconds // 1_000_000)}.{microseconds // 1000 % 1000:03}Z"


def exact_timestamp(microseconds: int) -> str:
    """The same with microseconds where there are some, as Cloud Storage keeps times that callers set."""
    return timestamp(microseconds)[:-1] + (f"{microseconds % 1000:03}Z" if microseconds % 1000 else "Z")


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    """The whole seconds of a timestamp; many objects share one."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def microseconds(text: str) -> int:
    """The microseconds of an RFC 3339 time. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000)
