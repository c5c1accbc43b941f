"""What was chosen to be loaded: files, and what else their set says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.loading.sources import Source

if TYPE_CHECKING:
    from scripts.chestxrays.records import FilmRecord


@dataclass
class Chosen:
    """The files, and what else the set says.

    whole: they are all there should be in their folders. imageless are films of the list that were asked for but have
    no image, unlabelled images that the list does not name, problems a sentence for each line or file left out that
    should not be, remarks what else there is to say. passed_over are files that are plainly no images.
    """

    sources: list[Source] = field(default_factory=list)
    whole: bool = True
    imageless: tuple[FilmRecord, ...] = ()
    unlabelled: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    def records(self) -> Iterator[tuple[Source, FilmRecord]]:
        """The sources of which a list says something, with what it says."""
        for source in self.sources:
            record = getattr(source, "record", None)
            if record is not None:
                yield source, record


def together(parts: Iterable[Chosen]) -> Chosen:
    """What several kinds gave, in their order, as one; it is whole where all of them are."""
    result = Chosen()
    for part in parts:
        result.sources += part.sources
        result.whole = result.whole and part.whole
        result.imageless += part.imageless
        result.unlabelled += part.unlabelled
        result.problems += part.problems
        result.remarks += part.remarks
        result.passed_over += part.passed_over
    return result
