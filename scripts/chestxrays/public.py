"""Google's public copy of the set, in a bucket whose readers pay: what is in it, and what fetching it costs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from scripts.chestxrays.films import Converter, version_of
from scripts.chestxrays.placing import Placed
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import instance_uid
from scripts.loading.sources import RemoteObject, Source, SourceError

if TYPE_CHECKING:
    from google.cloud import storage

    from scripts.connection import Connection
    from scripts.loading.wish import PublicFormat

BUCKET = "gcs-public-data--healthcare-nih-chest-xray"
"""Cloud Healthcare API: NIH Chest X-ray dataset. Requester pays."""

_FIELDS = "items(name,size,crc32c),nextPageToken"
_NAME = re.compile(r"(\d{8})_\d{3}\.(?:dcm|png)", re.ASCII)

# Cloud Storage pricing, list prices in US dollars when this was written: a copy is a Class A operation in a regional
# bucket and a read a Class B one; between a multi-region and a region of the same continent a GB costs at most this.
_COPY_PER_THOUSAND = 0.005
_READ_PER_THOUSAND = 0.0004
_LIST_PAGE = 1000
_GB = 0.02
_GB_OUT = 0.12  # what leaves Google Cloud


@dataclass(frozen=True)
class PublicFilm(Placed):
    """A film of the public bucket.

    As DICOM it is copied within Cloud Storage; as PNG it is fetched and converted by what its `record` says.
    """

    remote: RemoteObject
    prefix: str
    origin: storage.Bucket = field(compare=False, repr=False)
    record: FilmRecord | None = None
    converter: Converter | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The file's name."""
        return PurePosixPath(self.remote.name).name

    @property
    def patient_id(self) -> str:
        """The patient, with whose number the file's name begins."""
        return self.label[:8]

    @property
    def fixed_version(self) -> str | None:
        """For a PNG: the converter, the syntax, the record and the PNG's checksum. A copy's checksum needs no mark."""
        if self.converter is None:
            return None
        return version_of(self.converter, self.record, self.remote.crc32c)

    def instance_uid(self) -> str | None:
        """The SOPInstanceUID; None for Google's DICOM files, which have their own."""
        return instance_uid(self.record) if self.record and self.converter else None

    def problem(self) -> None:
        """What is wrong shows when it is copied or converted."""

    def content(self) -> RemoteObject | bytes:
        """Where to copy it from, or the converted film. Raises SourceError."""
        if self.converter is None:
            return self.remote
        if self.record is None:
            raise SourceError("The list says nothing of this film")
        blob = self.origin.blob(self.remote.name)
        return self.converter.convert(blob.download_as_bytes(checksum="crc32c"), self.record)


def public_films(
    target: Connection,
    format_: PublicFormat,
    prefix: str,
    records: Mapping[str, FilmRecord] | None,
    converter: Converter | None,
) -> Iterator[PublicFilm]:
    """The bucket's films, in the order of their names; only those in `records` (by Image Index) where that is given.

    The stack's project pays for the listing, and for all that follows.
    """
    payer = target.outputs.project
    bucket = target.storage.bucket(BUCKET, user_project=payer)
    for blob in bucket.list_blobs(prefix=f"{format_.value}/", fields=_FIELDS):
        name = PurePosixPath(blob.name).name
        if not _NAME.fullmatch(name):
            continue
        record = (records or {}).get(str(PurePosixPath(name).with_suffix(".png")))
        if records is not None and record is None:
            continue
        remote = RemoteObject(BUCKET, blob.name, blob.size or 0, blob.crc32c or "", payer)
        yield PublicFilm(remote, prefix, bucket, record, converter)


@dataclass(frozen=True)
class Cost:
    """What fetching films costs whom: US dollars, at least and at most."""

    films: int
    size: int
    least: float
    most: float
    payer: str

    def __str__(self) -> str:
        return (
            f"{self.films:,} films, {self.size / 1e9:,.1f} GB, from gs://{BUCKET}, which the reader pays for: about"
            f" ${self.least:,.2f} to ${self.most:,.2f}, billed to {self.payer} (requests, and traffic that depends on"
            " where it goes; the page Cloud Storage pricing has the day's prices), besides keeping and importing them"
        )


def public_cost(sources: Iterable[Source], payer: str) -> Cost | None:
    """What it costs to bring those of the `sources` that are public into the landing bucket; None where none is."""
    films = [source for source in sources if isinstance(source, PublicFilm)]
    if not films:
        return None
    fetched = films[0].converter is not None
    size = sum(film.remote.size for film in films)
    listing = (len(films) // _LIST_PAGE + 1) * _COPY_PER_THOUSAND / 1000
    least = listing + len(films) / 1000 * (_COPY_PER_THOUSAND + (_READ_PER_THOUSAND if fetched else 0))
    return Cost(len(films), size, least, least + size / 1e9 * (_GB_OUT if fetched else _GB), payer)
