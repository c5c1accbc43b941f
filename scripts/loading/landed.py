"""DICOM files that lie in the landing bucket already, whoever brought them: imported as far as no run has done so."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.loading.heads import instance_uid_in
from scripts.loading.manifest import FOLDER
from scripts.loading.running import run_load
from scripts.loading.sources import DICOM_ENDING, Content, Source
from scripts.loading.uploading import Outcome, Stored

if TYPE_CHECKING:
    from google.cloud import storage

    from scripts.connection import Connection
    from scripts.loading.running import Load


@dataclass(frozen=True)
class LandedFile:
    """An object of the landing bucket, imported together with the others of its folder."""

    bucket: storage.Bucket
    object_name: str
    fixed_version: str | None = None

    @property
    def label(self) -> str:
        """The object's name."""
        return self.object_name

    @property
    def batch(self) -> str:
        """The object's folder."""
        return self.object_name.rpartition("/")[0]

    def instance_uid(self) -> str | None:
        """The SOPInstanceUID by the object's first bytes; None where they do not tell."""
        return instance_uid_in(self.bucket, self.object_name)

    def problem(self) -> None:
        """What is wrong with it the import says."""

    def content(self) -> Content:
        """The object's bytes."""
        content: bytes = self.bucket.blob(self.object_name).download_as_bytes()
        return content


def import_landed(target: Connection) -> Load | None:
    """Import the folders of the landing bucket in which a file is new; None where the bucket holds no DICOM file.

    What the manifest knows to be imported counts as done, and an import that an earlier run has left running is waited
    for. Raises CommandError when an import fails as a whole.
    """
    bucket = target.storage.bucket(target.outputs.landing_bucket)
    found = target.storage.list_blobs(bucket, fields="items(name),nextPageToken")
    names = [blob.name for blob in found if blob.name.endswith(DICOM_ENDING)]
    sources = [LandedFile(bucket, name) for name in names if not name.startswith(f"{FOLDER}/")]
    return run_load(target, sources, then_import=True, carry=_lie_there) if sources else None


def _lie_there(sources: Sequence[Source], held: Mapping[str, Stored]) -> Generator[tuple[Source, Outcome], None, None]:
    """Each file as one that the bucket has already; one that was deleted meanwhile is none."""
    for source in sources:
        stored = held.get(source.object_name)
        yield source, Outcome(crc32c=stored.crc32c) if stored else Outcome("It is not in the bucket any more")
