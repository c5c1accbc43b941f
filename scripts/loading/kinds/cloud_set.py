"""A set of images that lies in Cloud Storage, as files or as zips that nobody need unpack."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from scripts.chestxrays.cloud_images import cloud_place, open_cloud_archive
from scripts.chestxrays.selection import Selection
from scripts.loading.kinds.image_set import films_of
from scripts.loading.wish import SourceKind

if TYPE_CHECKING:
    from scripts.chestxrays.films import Converter
    from scripts.chestxrays.labels import Columns
    from scripts.connection import Connection
    from scripts.loading.chosen import Chosen
    from scripts.loading.wish import Wish


@dataclass(frozen=True)
class CloudSet:
    """The films below gs://BUCKET/FOLDER. What lies there is taken for a set: DICOM files there need only an import."""

    options: ClassVar[frozenset[str]] = frozenset(("filters", "syntax"))

    place: str
    prefix: str | None = None
    selection: Selection = field(default_factory=Selection)
    labels: str | None = None
    columns: Columns = field(default_factory=dict)

    @classmethod
    def of(cls, wish: Wish) -> Self | None:
        """The set at a gs:// path."""
        place = cloud_place(wish.path) if wish.path and wish.kind is not SourceKind.PUBLIC else None
        return cls(place, wish.prefix, wish.selection, wish.labels, wish.columns) if place else None

    def choose(self, target: Connection, converter: Converter) -> Chosen:
        """The films that the filters ask for."""
        archive = open_cloud_archive(target.storage, self.place, self.labels, self.columns)
        return films_of(archive, Path(self.place).name, self.prefix, self.selection, converter, archive.remarks)
