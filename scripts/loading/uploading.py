"""Bringing sources into a bucket: in parallel, checked before, verified after, and not twice."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.connection import Connection
from scripts.loading.manifest import FOLDER, Entry, Manifest, State
from scripts.loading.sources import Content, RemoteObject, Source, SourceError, clashes
from scripts.parallel import run_parallel

if TYPE_CHECKING:
    from google.cloud import storage

    from scripts.console import Progress
    from scripts.loading.batches import BatchImports

MARK = "generated-by"
"""The object metadata that says which generator and version made an object."""

_CHUNK_BYTES = 1 << 20
_CONTENT_TYPE = "application/dicom"
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_FIELDS = "items(name,size,crc32c,generation,metadata,timeCreated),nextPageToken"
_EMULATOR_RETRY_SECONDS = 10
_GOOGLE_RETRY_SECONDS = 300


@dataclass(frozen=True)
class Stored:
    """What the bucket holds already under a name."""

    size: int
    crc32c: str
    generation: int
    mark: str | None
    created: datetime = _EARLIEST

    @classmethod
    def of(cls, blob: storage.Blob) -> Stored:
        """What Cloud Storage says of an object."""
        mark = (blob.metadata or {}).get(MARK)
        return cls(blob.size or 0, blob.crc32c or "", blob.generation or 0, mark, blob.time_created or _EARLIEST)


@dataclass(frozen=True)
class Outcome:
    """What became of one source: why it could not be loaded, or the bytes sent (0: they were there) and the CRC32C."""

    problem: str = ""
    sent: int = 0
    crc32c: str = ""


@dataclass
class Report:
    """What became of the sources."""

    loaded: int = 0
    skipped: int = 0
    bytes_sent: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    left: int = 0
    """Not tried any more, because the person stopped the load."""
    stopped: bool = False
    """Whether the person did."""

    def add(self, source: Source, outcome: Outcome) -> None:
        """Count what became of a source."""
        if outcome.problem:
            self.failed.append((source.label, outcome.problem))
        elif outcome.sent:
            self.loaded += 1
            self.bytes_sent += outcome.sent
        else:
            self.skipped += 1


Carry = Callable[[Sequence[Source], Mapping[str, Stored]], Generator[tuple[Source, Outcome], None, None]]
"""Brings sources into a bucket that holds objects already, by name; gives each with what became of it."""


def upload(
    target: Connection,
    bucket: str,
    sources: Sequence[Source],
    bar: Progress,
    manifest: Manifest,
    imports: BatchImports | None = None,
    carry: Carry | None = None,
) -> Report:
    """Upload `sources` to `bucket`; what the bucket holds already with the same bytes is skipped.

    What becomes of each is noted in `manifest`, and `imports` (None: nothing is imported) hears of it. A source that is
    no sound DICOM file is reported, and the rest goes on. Ctrl-C ends the work after the uploads under way: the report
    says what is left. What hits all files alike (no such bucket, no permission, no connection) is raised as the client
    raised it.
    """
    report = Report()
    stop = threading.Event()
    carry = carry or _in_threads(target, bucket, stop)
    try:
        with closing(carry(sources, listing(target, bucket, sources))) as done:
            for source, outcome in done:
                report.add(source, outcome)
                _note(manifest, source, outcome)
                if imports:
                    imports.file_done(source, loaded=not outcome.problem, sent=outcome.sent > 0)
                bar.advance()
    except BaseException:
        manifest.write_last()
        raise
    manifest.write()
    report.stopped = stop.is_set()
    report.left = len(sources) - report.loaded - report.skipped - len(report.failed)
    report.failed.sort()
    return report


def _in_threads(target: Connection, bucket: str, stop: threading.Event) -> Carry:
    def carry(sources: Sequence[Source], held: Mapping[str, Stored]) -> Generator[tuple[Source, Outcome], None, None]:
        taken = name_clashes(sources)
        uploader = Uploader(target, bucket, held.get)
        return run_parallel(lambda source: taken.get(source.label) or uploader.upload(source), sources, stop)

    return carry


def name_clashes(sources: Sequence[Source]) -> dict[str, Outcome]:
    """What becomes, by label, of sources whose object name an earlier one has already."""
    return {
        label: Outcome(f"Its object would have the name that {first} has already")
        for label, first in clashes(sources).items()
    }


def unchanged(source: Source, present: Stored | None) -> Outcome | None:
    """What becomes of a source whose mark the bucket's object bears: nothing. None: its bytes have to be looked at."""
    if present and source.fixed_version and present.mark == source.fixed_version:
        return Outcome(crc32c=present.crc32c)
    return None


def _note(manifest: Manifest, source: Source, outcome: Outcome) -> None:
    """Write into the manifest what became of a source; that it was imported stays true of the same bytes."""
    before = manifest.get(source.object_name)
    if outcome.problem:
        manifest.record(Entry(source.object_name, source.label, State.FAILED, reason=outcome.problem))
    elif before is None or before.crc32c != outcome.crc32c:
        manifest.record(Entry(source.object_name, source.label, State.LOADED, outcome.crc32c))


def listing(target: Connection, bucket: str, sources: Sequence[Source]) -> dict[str, Stored]:
    """What the bucket holds under the folders that the sources go to, without the manifests."""
    prefix = _common_folder([source.object_name for source in sources])
    blobs = target.storage.list_blobs(bucket, prefix=prefix or None, fields=_FIELDS)
    return {blob.name: Stored.of(blob) for blob in blobs if not blob.name.startswith(f"{FOLDER}/")}


def _common_folder(names: Sequence[str]) -> str:
    """The longest `a/b/` that all names begin with."""
    if not names:
        return ""
    first, last = min(names), max(names)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[: first.rfind("/", 0, same) + 1]


class Uploader:
    """Uploads one source at a time; shared by the worker threads.

    `look` says what the bucket holds under a name: from a listing, or by asking.
    """

    def __init__(self, target: Connection, bucket: str, look: Callable[[str], Stored | None]) -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY

        self._bucket = target.storage.bucket(bucket)
        self._look = look
        seconds = _EMULATOR_RETRY_SECONDS if target.emulated else _GOOGLE_RETRY_SECONDS
        self._retry: Any = DEFAULT_RETRY.with_timeout(seconds)

    def upload(self, source: Source) -> Outcome:
        """Bring one source into the bucket, unless the bucket has its bytes already."""
        problem = source.problem()
        if problem:
            return Outcome(problem)
        present = self._look(source.object_name)
        done = unchanged(source, present)
        if done:
            return done
        try:
            content = source.content()
            size, crc32c = size_and_crc32c(content)
        except SourceError as error:
            return Outcome(str(error))
        if present and present.size == size and present.crc32c == crc32c:
            return Outcome(crc32c=crc32c)
        return self._send(source, content, Outcome("", size, crc32c), present.generation if present else 0)

    def _send(self, source: Source, content: Content, outcome: Outcome, generation: int) -> Outcome:
        """Send the bytes; the server refuses them if they arrive changed, or if the object was replaced meanwhile."""
        from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed

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
            if isinstance(content, RemoteObject):
                return self._copy(content, source.object_name, outcome, generation)
            if isinstance(content, Path):
                blob.upload_from_filename(str(content), **options)
            else:
                blob.upload_from_string(content, **options)
        except PreconditionFailed:
            # Perhaps our own request, of which only the answer was lost: then the bytes are there.
            with suppress(NotFound):
                blob.reload(retry=self._retry)
            if blob.crc32c != outcome.crc32c:
                return Outcome("Somebody else wrote or deleted its object at the same time; run the same command again")
        except Forbidden:
            if not generation:
                raise
            return Outcome(
                "The bucket holds other bytes under its name, which this account or a retention policy keeps from being"
                " replaced; use --prefix, or ask the bucket's owner"
            )
        return outcome

    def _copy(self, content: RemoteObject, object_name: str, outcome: Outcome, generation: int) -> Outcome:
        """Copy an object within Cloud Storage; a large one takes several calls."""
        client = self._bucket.client
        origin = client.bucket(content.bucket, user_project=content.payer).blob(content.name)
        # The request names the payer of its destination's bucket, which is who pays for the origin's.
        blob = client.bucket(self._bucket.name, user_project=content.payer).blob(object_name)
        blob.content_type = _CONTENT_TYPE
        token: str | None = None
        while True:
            token, _, _ = blob.rewrite(origin, token=token, if_generation_match=generation, retry=self._retry)
            if token is None:
                break
        if blob.crc32c != content.crc32c:
            return Outcome("It was replaced in its bucket while it was copied; run the same command again")
        return outcome


def size_and_crc32c(content: Content) -> tuple[int, str]:
    """Bytes and CRC32C (base64) of what a source gives. Raises SourceError for a file that can't be read."""
    if isinstance(content, RemoteObject):
        return content.size, content.crc32c
    try:
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        return size, crc32c_of(content)
    except OSError as error:
        raise SourceError(f"The file cannot be read: {error.strerror}") from None


def crc32c_of(content: Path | bytes) -> str:
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
