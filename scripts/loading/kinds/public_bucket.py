"""NIH's chest X-rays in Google's public bucket, whose readers pay."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from scripts.chestxrays.archive import read_lists
from scripts.chestxrays.public import BUCKET, public_films
from scripts.chestxrays.selection import Selection
from scripts.chestxrays.uids import NIH_SET
from scripts.errors import UsageError
from scripts.loading.chosen import Chosen
from scripts.loading.sources import Source, clean_prefix
from scripts.loading.wish import PublicFormat, SourceKind

if TYPE_CHECKING:
    from scripts.chestxrays.films import Converter
    from scripts.chestxrays.labels import Columns
    from scripts.chestxrays.records import FilmRecord
    from scripts.connection import Connection
    from scripts.loading.wish import Wish


@dataclass(frozen=True)
class PublicBucket:
    """Google's DICOM files or NIH's PNG files. lists is the folder with NIH's lists, which the filters need."""

    options: ClassVar[frozenset[str]] = frozenset(("filters", "format", "syntax"))

    format_: PublicFormat = PublicFormat.DICOM
    lists: Path | None = None
    prefix: str | None = None
    selection: Selection = field(default_factory=Selection)
    labels: str | None = None
    columns: Columns = field(default_factory=dict)

    @classmethod
    def of(cls, wish: Wish) -> Self | None:
        """The films of --source public."""
        if wish.kind is not SourceKind.PUBLIC:
            return None
        if wish.sample or wish.synthetic:
            raise UsageError("--sample and --synthetic are files of their own: load them without --source public.")
        format_ = wish.format_ or PublicFormat.DICOM
        if wish.syntax and format_ is PublicFormat.DICOM:
            raise UsageError(AS_THEY_ARE)
        return cls(format_, wish.path, wish.prefix, wish.selection, wish.labels, wish.columns)

    def choose(self, target: Connection, converter: Converter) -> Chosen:
        """The films that the filters ask for, and that the lists name where there are lists."""
        records, problems = self._listed()
        prefix = clean_prefix(self.prefix) if self.prefix is not None else NIH_SET
        made = converter if self.format_ is PublicFormat.PNG else None
        found = public_films(target, self.format_, prefix, records, made)
        sources: list[Source] = list(islice(found, self.selection.first))
        if not sources:
            raise UsageError(f"gs://{BUCKET}/{self.format_.value}/ holds no film that was asked for.")
        return Chosen(sources, whole=self.selection == Selection(), problems=problems)

    def _listed(self) -> tuple[dict[str, FilmRecord] | None, tuple[str, ...]]:
        """The lists' films that the filters ask for, by image, None without lists; and what is wrong with the lists."""
        selection = self.selection
        if self.lists:
            lists = read_lists(self.lists, self.labels, self.columns)
            return {record.index: record for record in lists.records if selection.matches(record)}, lists.problems
        if selection != Selection(first=selection.first) or self.format_ is PublicFormat.PNG:
            raise UsageError(
                "--source public has no labels: give the folder with NIH's lists (Data_Entry_2017_v2020.csv) as well,"
                " for the filters and for --format png."
            )
        return None, ()


AS_THEY_ARE = "--syntax is for films that become DICOM on the way: DICOM files are loaded as they are."
