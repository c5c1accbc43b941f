"""DICOM files as they are: a folder, with the zips in it, a zip, or one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from scripts.loading.chosen import Chosen
from scripts.loading.dicom_files import is_passed_over, is_zip
from scripts.loading.kinds.contents import has_images
from scripts.loading.sources import files_under, folder_sources
from scripts.loading.wish import SourceKind

if TYPE_CHECKING:
    from scripts.chestxrays.films import Converter
    from scripts.connection import Connection
    from scripts.loading.wish import Wish


@dataclass(frozen=True)
class DicomFiles:
    """The files of a path; `prefix` is their folder in the bucket, None for the name of their own."""

    options: ClassVar[frozenset[str]] = frozenset()

    path: Path
    prefix: str | None = None

    @classmethod
    def of(cls, wish: Wish) -> Self | None:
        """The files that a path names; whether it is a set of images is for ImageSet to say, which is asked before."""
        if wish.path is None or wish.kind is not SourceKind.FOLDER:
            return None
        return cls(wish.path, wish.prefix)

    def choose(self, target: Connection, converter: Converter) -> Chosen:  # noqa: ARG002  none is converted
        """All files that may be DICOM.

        Images beside them are none, which is said of each when its turn comes; why nobody made DICOM files of them is
        said here.
        """
        chosen = Chosen(list(folder_sources(self.path, self.prefix)), whole=self.path.is_dir())
        if self.path.is_dir():
            files = (file for file in files_under(self.path) if not is_zip(file) and is_passed_over(file))
            chosen.passed_over = tuple(str(file.relative_to(self.path)) for file in files)
        if has_images(self.path):
            why = (
                f"{self.path.resolve().name} holds DICOM files, so these are loaded, and its images are not made into"
                " DICOM by a list: say --source kaggle for these."
            )
            chosen.remarks = (why,)
        return chosen
