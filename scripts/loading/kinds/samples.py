"""The real radiographs that ship with pydicom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from scripts.loading.chosen import Chosen
from scripts.loading.sources import sample_sources

if TYPE_CHECKING:
    from scripts.chestxrays.films import Converter
    from scripts.connection import Connection
    from scripts.loading.wish import Wish


@dataclass(frozen=True)
class Samples:
    """All of them, or the first `number`, chest ones first; `prefix` is their folder in the bucket."""

    options: ClassVar[frozenset[str]] = frozenset()

    number: int | None = None
    prefix: str | None = None

    @classmethod
    def of(cls, wish: Wish) -> Self | None:
        """What --sample asks for."""
        return cls(prefix=wish.prefix) if wish.sample else None

    def choose(self, target: Connection, converter: Converter) -> Chosen:  # noqa: ARG002  they are here, and DICOM
        """The files."""
        prefix = self.prefix if self.prefix is not None else "sample"
        return Chosen(list(sample_sources(self.number, prefix)))
