"""Manifests of exports to Cloud Storage: which objects one has written, what each holds, sizes and CRC32Cs.

A manifest is an object of lines of JSON below .export/ in the same bucket, the first about the export, each of the
others about an object. It names UIDs and types; a filter, which may name a patient, is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scripts.comparison import Comparison
from scripts.console import progress
from scripts.errors import CommandError, ExitCode, UsageError
from scripts.exports.export import DICOM, FOLDER, Export, Exported, Json, Kind, bucket_and_prefix
from scripts.ledger import stamp
from scripts.parallel import run_parallel

if TYPE_CHECKING:
    from google.cloud import storage

    from scripts.connection import Connection

_FIELDS = "items(name,size,crc32c,generation,timeCreated),nextPageToken"
_NAME = re.compile(r"manifest-[^/]+\.ndjson")
_INSTANCE = re.compile(
    r"(?:.*/)?(?P<study>[^/]+)/(?P<series>[^/]+)/(?P<instance>[0-9.]+?)(?:/(?P<frame>\d+))?(?:\.dcm|\.jpg|\.png)?"
)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a manifest says: of the export, and of each object by its name."""

    about: Json
    objects: dict[str, Json]

    @classmethod
    def parse(cls, content: bytes, uri: str) -> Manifest:
        """Read a manifest. Raises CommandError for what is none."""
        try:
            about, *lines = map(json.loads, content.splitlines())
            return cls(about, {line["name"]: line for line in lines} if about["items"] >= 0 else {})
        except (ValueError, KeyError, TypeError):
            raise CommandError(f"{uri} is no manifest of an export.") from None


def write(target: Connection, export: Export, done: Exported) -> str:
    """Write the manifest of an export that has ended; gives its URI.

    An export's objects are those below its prefix that are not older than it: what somebody else puts there while it
    runs is taken for its own. Raises UsageError for an export to another place than a bucket.
    """
    bucket, prefix = require_bucket(export.to)
    began = datetime.fromisoformat(done.state.created) if done.state.created else datetime.min.replace(tzinfo=UTC)
    found = [blob for blob in _below(target, bucket, prefix) if blob.time_created >= began]
    lines = sorted(_described(export.kind, found), key=lambda line: str(line["name"]))
    about = {
        "store": export.store,
        "to": export.to,
        "request": {key: each for key, each in export.body.items() if key != "filter"},
        "operation": done.state.operation_id,
        "began": done.state.created,
        "ended": done.state.ended,
        "success": done.state.success,
        "failure": done.state.failure,
        "objects": len(lines),
        "bytes": sum(line["size"] for line in lines),
        "items": _items(export.kind, lines),
    }
    name = f"{FOLDER}/{prefix}manifest-{stamp()}.ndjson"
    text = "".join(json.dumps(line) + "\n" for line in (about, *lines))
    blob = target.storage.bucket(bucket).blob(name)
    blob.upload_from_string(text, content_type="application/x-ndjson", checksum="crc32c")
    return f"gs://{bucket}/{name}"


def require_bucket(uri: str) -> tuple[str, str]:
    """Bucket and prefix of a place in Cloud Storage. Raises UsageError for another place."""
    place = bucket_and_prefix(uri)
    if place is None:
        raise UsageError(f"{uri} has no manifest: only exports to Cloud Storage have.")
    return place


def _below(target: Connection, bucket: str, prefix: str) -> list[storage.Blob]:
    """The objects below a prefix, without manifests and the like."""
    found = target.storage.list_blobs(bucket, prefix=prefix or None, fields=_FIELDS)
    return [blob for blob in found if not blob.name.startswith(f"{FOLDER}/")]


def _described(kind: Kind, blobs: Iterable[storage.Blob]) -> Iterator[dict[str, Any]]:
    """A line of each object. Raises CommandError when Ctrl-C ends it."""
    known = list(blobs)
    described = 0
    with progress("Writing the manifest", len(known)) as bar, closing(run_parallel(_holds(kind), known)) as done:
        for blob, holds in done:
            described += 1
            bar.advance()
            yield {"name": blob.name, "size": blob.size, "crc32c": blob.crc32c, **holds}
    if described < len(known):
        raise CommandError("The export is done, but was stopped before its manifest was written.", ExitCode.PARTLY_DONE)


def _holds(kind: Kind) -> Any:
    return _instance if kind is DICOM else _lines


def _instance(blob: storage.Blob) -> Json:
    """The instance, or frame of one, that an object holds by its name (dicomStores.export: mimeType)."""
    found = _INSTANCE.fullmatch(blob.name)
    return {key: uid for key, uid in found.groupdict().items() if uid} if found else {}


def _lines(blob: storage.Blob) -> Json:
    """The type after which an object of resources is called, and how many lines it has."""
    number = 0
    with blob.open("rb", chunk_size=_CHUNK) as file:
        for line in file:
            number += bool(line.strip())
    last = blob.name.rpartition("/")[2]
    return {**({"type": last} if last.isalpha() else {}), "count": number}


def _items(kind: Kind, lines: Iterable[Json]) -> int:
    """How many instances, resources or messages the objects hold."""
    if kind is DICOM:
        return len({(line.get("series"), line.get("instance")) for line in lines if "instance" in line})
    return sum(line["count"] for line in lines)


def compare(target: Connection, uri: str) -> Comparison:
    """Compare the objects below a prefix with the manifests of exports to it and to folders in it, the latest counting.

    Below a prefix every object must be in a manifest; at the top of a bucket, which exports share with others, it need
    not. Raises CommandError where there is no manifest.
    """
    bucket, prefix = require_bucket(uri)
    manifests = _manifests(target, bucket, prefix)
    if not manifests:
        raise CommandError(f"There is no manifest of an export to {uri}: export with --manifest.")
    named = {name: line for each in manifests.values() for name, line in each.objects.items()}
    held = {blob.name: (blob.size, blob.crc32c) for blob in _below(target, bucket, prefix)}
    result = Comparison(len(named))
    result.add("missing in the bucket", named.keys() - held.keys())
    both = named.keys() & held.keys()
    result.add("other bytes in the bucket", (n for n in both if held[n] != (named[n]["size"], named[n]["crc32c"])))
    if prefix:
        result.add("in no manifest", held.keys() - named.keys())
    for name, each in manifests.items():
        if each.about["items"] != each.about["success"]:
            told = f"{name}: the operation counted {each.about['success']}, the objects held {each.about['items']}"
            result.add("other number than was exported", [told])
    return result


def is_there(target: Connection, uri: str) -> bool:
    """Whether there is a manifest of an export to a prefix, or to a folder in it. Raises UsageError as `write` does."""
    return bool(_manifests(target, *require_bucket(uri)))


def _manifests(target: Connection, bucket: str, prefix: str) -> dict[str, Manifest]:
    """All manifests of a prefix and of folders in it, by name, in the order of their exports' beginnings."""
    blobs = target.storage.list_blobs(bucket, prefix=f"{FOLDER}/{prefix}")
    wanted = [blob for blob in blobs if _NAME.fullmatch(blob.name.rpartition("/")[2])]
    found = {blob.name: Manifest.parse(blob.download_as_bytes(), f"gs://{bucket}/{blob.name}") for blob in wanted}
    return dict(sorted(found.items(), key=lambda each: str(each[1].about["began"])))
