"""The manifest of a load: what became of every file, kept in the landing bucket, so that any run continues the last.

Each top folder of the bucket has its own: gzipped lines of JSON in objects `.load/FOLDER/...ndjson.gz`, each written
once and never changed; of a file's lines the last one counts. Several people may load at once: their parts stand
beside each other. What a run that was killed had not written yet is seen in the bucket itself, so a lost line costs
only time.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from scripts.connection import WORKERS
from scripts.console import remark

if TYPE_CHECKING:
    from google.cloud import storage

FOLDER = ".load"
"""Where the manifests are: no import's wildcard ends so that it finds them."""

_LINES = 1000
_SECONDS = 15.0
_PARTS = 64
_RETRY_SECONDS = 30
_DELETE = "storage.objects.delete"  # which the loader's account lacks: its parts stay


class State(StrEnum):
    """How far a file has come."""

    LOADED = "loaded"
    IMPORTED = "imported"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one file. crc32c is that of its object (base64); reason says why it failed."""

    object_name: str
    file: str
    state: State
    crc32c: str = ""
    reason: str = ""


def top_folder(object_name: str) -> str:
    """The first folder of an object's name; "" where it has none."""
    return object_name.split("/", 1)[0] if "/" in object_name else ""


class Manifest:
    """The manifests of the folders that one load goes to, as one. For one thread."""

    def __init__(self, bucket: storage.Bucket, folders: Iterable[str], *, join: bool = False) -> None:
        """Read what earlier runs have written for `folders` (top folders of the bucket).

        `join`: where that has become many parts, write them anew as one. A part or a line that can't be read is passed
        over: a manifest is a memory, and what it lacks is seen in the bucket.
        """
        self._bucket = bucket
        self._run = uuid.uuid4().hex[:8]
        self._parts = 0
        self._entries: dict[str, Entry] = {}
        self._operations: dict[str, str] = {}
        self._unwritten: dict[str, list[dict[str, Any]]] = {}
        self._written_at = time.monotonic()
        self._join_parts = join
        for folder in folders:
            self._read(folder)

    def get(self, object_name: str) -> Entry | None:
        """What became of the file that goes to `object_name`; None where no run has told."""
        return self._entries.get(object_name)

    def entries(self) -> Iterator[Entry]:
        """All entries."""
        return iter(self._entries.values())

    def operation(self, batch: str) -> str | None:
        """The import of `batch` that was under way when last heard of; None where it was seen to end."""
        return self._operations.get(batch)

    def record(self, entry: Entry) -> None:
        """Note what became of a file; it is written with others after a while, or by `write`."""
        if self._entries.get(entry.object_name) == entry:
            return
        self._entries[entry.object_name] = entry
        line = {name: value for name, value in dataclasses.asdict(entry).items() if value}
        self._add(top_folder(entry.object_name), line)
        lines = sum(len(each) for each in self._unwritten.values())
        if lines >= _LINES or time.monotonic() - self._written_at > _SECONDS:
            self.write()

    def record_operation(self, batch: str, operation: str | None) -> None:
        """Note, at once, that `operation` imports `batch`; None: that it has ended."""
        if operation is None:
            self._operations.pop(batch, None)
        else:
            self._operations[batch] = operation
        self._add(top_folder(f"{batch}/"), {"batch": batch, "operation": operation})
        self.write()

    def write(self) -> None:
        """Write what is noted."""
        for folder, lines in self._unwritten.items():
            self._write_part(folder, lines)
        self._unwritten = {}
        self._written_at = time.monotonic()

    def write_last(self) -> None:
        """Write what is noted if that is possible at once: something else has gone wrong and is more important."""
        with suppress(Exception):
            for folder, lines in self._unwritten.items():
                self._write_part(folder, lines, patient=False)

    def _add(self, folder: str, line: dict[str, Any]) -> None:
        self._unwritten.setdefault(folder, []).append(line)

    def _write_part(self, folder: str, lines: Iterable[dict[str, Any]], *, patient: bool = True) -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY

        self._parts += 1
        blob = self._bucket.blob(f"{_place(folder)}{time.time():.0f}-{self._run}-{self._parts:06d}.ndjson.gz")
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        # The name is this run's own, so that sending it a second time is harmless.
        retry = DEFAULT_RETRY.with_timeout(_RETRY_SECONDS) if patient else None
        timeout = 60 if patient else 5
        blob.upload_from_string(
            gzip.compress(text.encode(), 1),
            content_type="application/gzip",
            checksum="crc32c",
            retry=retry,
            timeout=timeout,
        )

    def _read(self, folder: str) -> None:
        parts = sorted(
            self._bucket.client.list_blobs(self._bucket, prefix=_place(folder), delimiter="/"),
            key=lambda blob: int(blob.generation or 0),
        )
        with ThreadPoolExecutor(WORKERS) as pool:
            for lines in pool.map(_lines_of, parts):
                for line in lines:
                    self._take(line)
        if self._join_parts and len(parts) > _PARTS:
            self._join(folder, parts)

    def _take(self, line: dict[str, Any]) -> None:
        """Believe a line, unless it is of a version that knows more than this one."""
        with suppress(KeyError, TypeError, ValueError):
            if "batch" in line:
                self._operations[line["batch"]] = line["operation"]
            else:
                entry = Entry(**line | {"state": State(line["state"])})
                self._entries[entry.object_name] = entry

    def _join(self, folder: str, parts: Sequence[storage.Blob]) -> None:
        """Write one part instead of many, where these may be deleted; killed between, both say the same."""
        from google.api_core.exceptions import NotFound

        kept = any(blob.retention_expiration_time or blob.temporary_hold for blob in parts)
        if kept or not self._bucket.test_iam_permissions([_DELETE]):
            return
        mine = (entry for entry in self._entries.values() if top_folder(entry.object_name) == folder)
        operations = {batch: name for batch, name in self._operations.items() if top_folder(f"{batch}/") == folder}
        lines = [dataclasses.asdict(entry) for entry in mine]
        lines += [{"batch": batch, "operation": name} for batch, name in operations.items() if name]
        self._write_part(folder, lines)
        for blob in parts:
            with suppress(NotFound):
                blob.delete()


def _lines_of(part: storage.Blob) -> list[dict[str, Any]]:
    """The lines of a part; none where it is gone (somebody else has just joined it with others) or unreadable."""
    from google.api_core.exceptions import NotFound

    try:
        text = gzip.decompress(part.download_as_bytes(raw_download=True))
        return [json.loads(line) for line in text.splitlines()]
    except NotFound:
        return []
    except (OSError, EOFError, zlib.error, ValueError) as error:
        if type(error).__module__.startswith(("requests", "urllib3")):
            raise

        remark(f"A part of the manifest can't be read and is passed over: {part.name}.")
        return []


def _place(folder: str) -> str:
    return f"{FOLDER}/{folder}/" if folder else f"{FOLDER}/"
