"""Bringing sources into a bucket: in parallel, checked before, verified after, and not twice."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.connection import Connection
from scripts.console import Progress
from scripts.loading.sources import Source, clashes
from scripts.parallel import run_parallel

MARK = "generated-by"
"""The object metadata that says which generator and version made an object."""

_CHUNK_BYTES = 1 << 20
_CONTENT_TYPE = "application/dicom"
_FIELDS = "items(name,size,crc32c,generation,metadata),nextPageToken"
_EMULATOR_RETRY_SECONDS = 10
_GOOGLE_RETRY_SECONDS = 300


@dataclass(frozen=True)
class Stored:
    """What the bucket holds already under a name."""

    size: int
    crc32c: str
    generation: int
    mark: str | None


@dataclass
class Report:
    """What became of the sources."""

    loaded: int = 0
    skipped: int = 0
    bytes_sent: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    left: int = 0
    """Not tried any more, because the person stopped the load."""


def upload(target: Connection, bucket: str, sources: Sequence[Source], bar: Progress) -> Report:
    """Upload `sources` to `bucket`; what the bucket holds already with the same bytes is skipped.

    A source that is no sound DICOM file is reported, and the rest goes on. Ctrl-C ends the work after the uploads
    under way: the report says what is left. What hits all files alike (no such bucket, no permission, no connection)
    is raised as the client raised it.
    """
    report = Report()
    taken = clashes(sources)
    uploader = _Uploader(target, bucket, _listing(target, bucket, sources))

    def work(source: Source) -> int | str | None:
        if source.label in taken:
            return f"Its object would have the name that {taken[source.label]} has already"
        return uploader.upload(source)

    for source, result in run_parallel(work, sources):
        if result is None:
            report.skipped += 1
        elif isinstance(result, str):
            report.failed.append((source.label, result))
        else:
            report.loaded += 1
            report.bytes_sent += result
        bar.advance()
    report.left = len(sources) - report.loaded - report.skipped - len(report.failed)
    report.failed.sort()
    return report


def _listing(target: Connection, bucket: str, sources: Sequence[Source]) -> dict[str, Stored]:
    """What the bucket holds under the folders that the sources go to."""
    prefix = _common_folder([source.object_name for source in sources])
    blobs = target.storage.list_blobs(bucket, prefix=prefix or None, fields=_FIELDS)
    return {
        blob.name: Stored(blob.size or 0, blob.crc32c or "", blob.generation, (blob.metadata or {}).get(MARK))
        for blob in blobs
    }


def _common_folder(names: Sequence[str]) -> str:
    """The longest `a/b/` that all names begin with."""
    if not names:
        return ""
    first, last = min(names), max(names)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[: first.rfind("/", 0, same) + 1]


class _Uploader:
    """Uploads one source at a time; shared by the worker threads."""

    def __init__(self, target: Connection, bucket: str, present: dict[str, Stored]) -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY

        self._bucket = target.storage.bucket(bucket)
        self._present = present
        seconds = _EMULATOR_RETRY_SECONDS if target.emulated else _GOOGLE_RETRY_SECONDS
        self._retry: Any = DEFAULT_RETRY.with_timeout(seconds)

    def upload(self, source: Source) -> int | str | None:
        """Bytes sent; None when the bucket has them already; the reason when the source can't be loaded."""
        problem = source.problem()
        if problem:
            return problem
        present = self._present.get(source.object_name)
        if present and source.fixed_version and present.mark == source.fixed_version:
            return None
        try:
            content = source.content()
            size = content.stat().st_size if isinstance(content, Path) else len(content)
            if present and present.size == size and present.crc32c == _crc32c(content):
                return None
        except OSError as error:
            return f"The file cannot be read: {error.strerror}"
        return self._send(source, content, size, present.generation if present else 0)

    def _send(self, source: Source, content: Path | bytes, size: int, generation: int) -> int | str:
        """Send the bytes; the server refuses them if they arrive changed, or if the object was replaced meanwhile."""
        from google.api_core.exceptions import PreconditionFailed

        blob = self._bucket.blob(source.object_name)
        if source.fixed_version:
            blob.metadata = {MARK: source.fixed_version}
        options: dict[str, Any] = {
            "content_type": _CONTENT_TYPE,
            "checksum": "crc32c",
            "if_generation_match": generation,
            "retry": self._retry,
        }
        try:
            if isinstance(content, Path):
                blob.upload_from_filename(str(content), **options)
            else:
                blob.upload_from_string(content, **options)
        except PreconditionFailed:
            return "Somebody else wrote its object at the same time; run the same command again"
        return size


def _crc32c(content: Path | bytes) -> str:
    """The CRC32C as Cloud Storage gives it: base64 of four bytes, most significant first."""
    import google_crc32c

    checksum: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    if isinstance(content, bytes):
        checksum.update(content)
    else:
        with content.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                checksum.update(chunk)
    return base64.b64encode(checksum.digest()).decode()
