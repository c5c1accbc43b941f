"""The image files of a set that lies in Cloud Storage: as objects, or inside zips there that nobody need unpack.

What is asked of them is what is asked of files on disk; only their bytes come from a bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from scripts.chestxrays.archive import Archive, archive_of, with_zips
from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.images import ImageFile, Listing, Member, list_members, unpack
from scripts.chestxrays.labels import NONE, Columns
from scripts.errors import UsageError

if TYPE_CHECKING:
    from google.cloud import storage

SCHEME = "gs://"

_FIELDS = "items(name,size,crc32c),nextPageToken"
_HEADER = 512
"""Bytes read in front of a zip's member: the local header, its name and extra field are hardly ever longer."""
_DIRECTORY_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class CloudFile(ImageFile):
    """A file in a bucket: `place` is gs://BUCKET, or the zip's gs://BUCKET/NAME; crc32c is the object's, in base64."""

    crc32c: str = ""
    client: storage.Client | None = field(default=None, compare=False, repr=False)

    @property
    def version(self) -> tuple[int | str, ...]:
        """Bytes and checksum: of a zip's member those that the same zip has on disk."""
        return (self.size, self.member.crc if self.member else self.crc32c)

    def portable(self) -> bytes:
        """The bytes: another process has no client. Raises ReadError."""
        return self.read()

    def read(self) -> bytes:
        """The file's bytes. Raises ReadError where they are gone or damaged, and what Google's client raises."""
        from google.api_core.exceptions import NotFound

        assert self.client is not None, "a file in a bucket is read with a client"
        bucket, _, name = self.place.removeprefix(SCHEME).partition("/")
        try:
            if self.member:
                return unpack(self, self.member, _Ahead(self.client.bucket(bucket).blob(name), self.member))
            return bytes(self.client.bucket(bucket).blob(self.path).download_as_bytes(checksum="crc32c"))
        except NotFound as error:
            raise ReadError("The object is gone; copy the set to the bucket again.") from error


class _Ahead:
    """Reads a zip's member in one request where its local header is of the usual length, else in two."""

    def __init__(self, blob: storage.Blob, member: Member) -> None:
        self._blob = blob
        self._start = member.offset
        self._data = self._fetch(member.offset, _HEADER + member.packed)

    def __call__(self, size: int, offset: int) -> bytes:
        begin = offset - self._start
        found = self._data[begin : begin + size]
        return found if len(found) == size else self._fetch(offset, size)

    def _fetch(self, offset: int, size: int) -> bytes:
        from google.api_core.exceptions import RequestRangeNotSatisfiable

        try:
            return bytes(self._blob.download_as_bytes(start=offset, end=offset + size - 1, checksum=None))
        except RequestRangeNotSatisfiable:
            return b""


def cloud_place(path: Path | None) -> str | None:
    """The gs:// place that a person typed where a path may stand, too; None for a path on this machine.

    A Path makes one slash of two.
    """
    text = str(path) if path else ""
    return f"{SCHEME}{text.removeprefix('gs:').strip('/')}" if text.startswith("gs:/") else None


def open_cloud_archive(
    client: storage.Client, place: str, labels: str | None = None, columns: Columns = NONE
) -> Archive:
    """The set at `place`, a folder or a zip in Cloud Storage; else as for open_archive."""
    bucket, _, name = place.removeprefix(SCHEME).partition("/")
    last = PurePosixPath(name or bucket)
    if last.suffix.lower() == ".zip":
        return archive_of(_zip(client, bucket, name), last.name, labels, last.stem, columns)
    files = tuple(_objects(client, bucket, name))
    if not files:
        raise UsageError(f"{place} holds no files: copy the set there first, or check the name.")
    listing = with_zips(Listing(files), lambda file: list_cloud_zip(client, bucket, file.path))
    return archive_of(listing, last.name, labels, last.name, columns)


def list_cloud_zip(client: storage.Client, bucket: str, name: str) -> Listing:
    """All files of a zip in a bucket, of which only the directory is read. Raises ReadError when it is none."""
    place = f"{SCHEME}{bucket}/{name}"
    with client.bucket(bucket).blob(name).open("rb", chunk_size=_DIRECTORY_CHUNK) as file:
        return list_members(
            file,
            PurePosixPath(name).name,
            lambda inside, size, member: CloudFile(place, inside, size, member, client=client),
        )


def _zip(client: storage.Client, bucket: str, name: str) -> Listing:
    try:
        return list_cloud_zip(client, bucket, name)
    except ReadError as error:
        raise UsageError(str(error)) from error


def _objects(client: storage.Client, bucket: str, folder: str) -> Iterator[CloudFile]:
    """The objects of a folder in the order of their names, without hidden ones and those that stand for folders."""
    prefix = f"{folder}/" if folder else ""
    for blob in client.list_blobs(bucket, prefix=prefix, fields=_FIELDS):
        below = blob.name.removeprefix(prefix)
        if not below.endswith("/") and not any(part.startswith(".") for part in below.split("/")):
            yield CloudFile(f"{SCHEME}{bucket}", blob.name, blob.size or 0, None, blob.crc32c or "", client)
