"""A set of images that become DICOM by what a list says of them: a folder with a CSV, Kaggle's archive, or its zip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.films import ConvertedFilm
from scripts.chestxrays.selection import Selection
from scripts.chestxrays.uids import NIH_RELEASES, NIH_SET
from scripts.console import count
from scripts.errors import UsageError
from scripts.loading.chosen import Chosen
from scripts.loading.kinds.contents import dicom_among, is_image_set
from scripts.loading.sources import clean_prefix
from scripts.loading.wish import SourceKind

if TYPE_CHECKING:
    from scripts.chestxrays.archive import Archive
    from scripts.chestxrays.films import Converter
    from scripts.chestxrays.labels import Columns
    from scripts.connection import Connection
    from scripts.loading.wish import Wish


@dataclass(frozen=True)
class ImageSet:
    """The films of a path. labels names a list in it, columns some of its columns; prefix is as for DicomFiles."""

    options: ClassVar[frozenset[str]] = frozenset(("filters", "syntax"))

    path: Path | None
    prefix: str | None = None
    selection: Selection = field(default_factory=Selection)
    labels: str | None = None
    columns: Columns = field(default_factory=dict)

    @classmethod
    def of(cls, wish: Wish) -> Self | None:
        """The set of --source kaggle, or the images of a path in which there are no DICOM files."""
        if wish.kind is SourceKind.KAGGLE or (wish.path is not None and is_image_set(wish.path)):
            return cls(wish.path, wish.prefix, wish.selection, wish.labels, wish.columns)
        return None

    def choose(self, target: Connection, converter: Converter) -> Chosen:  # noqa: ARG002  it lies on this machine
        """The films that the filters ask for."""
        if self.path is None:
            raise UsageError("--source kaggle needs the folder or the zip of the set.")
        archive = open_archive(self.path, self.labels, columns=self.columns)
        remarks = list(archive.remarks)
        if passed_over := sum(1 for _ in dicom_among(self.path)):
            remarks.append(
                f"{self.path.resolve().name} also holds {count(passed_over, 'DICOM file')}, left out here: load it"
                " without --source kaggle for these."
            )
        return films_of(archive, self.path.name, self.prefix, self.selection, converter, remarks)


def films_of(
    archive: Archive,
    name: str,
    prefix: str | None,
    selection: Selection,
    converter: Converter,
    remarks: Iterable[str],
) -> Chosen:
    """The films of an archive that the filters ask for; `name` is what to call it. Raises UsageError for none."""
    folder = _folder(prefix, archive)
    films = [ConvertedFilm(record, image, folder, converter) for record, image in selection.of(archive)]
    if not films:
        raise UsageError(f"None of the {len(archive):,} films in {name} is what the filters ask for.")
    return Chosen(
        list(films),
        whole=selection == Selection(),
        imageless=tuple(filter(selection.matches, archive.imageless)),
        unlabelled=archive.unlabelled,
        problems=archive.problems,
        remarks=tuple(remarks),
    )


def _folder(prefix: str | None, archive: Archive) -> str:
    """The top folder of the bucket: for NIH's set the same, wherever it comes from."""
    if prefix is not None:
        return clean_prefix(prefix)
    return NIH_SET if archive.version in NIH_RELEASES else clean_prefix(archive.version)
