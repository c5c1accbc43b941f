"""Made-up chest films, marked as synthetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from scripts.loading.chosen import Chosen
from scripts.loading.sources import synthetic_sources

if TYPE_CHECKING:
    from scripts.chestxrays.films import Converter
    from scripts.connection import Connection
    from scripts.loading.wish import Wish


@dataclass(frozen=True)
class SyntheticFilms:
    """The first `number` films of the synthetic set; `prefix` is their folder in the bucket."""

    options: ClassVar[frozenset[str]] = frozenset()

    number: int
    prefix: str | None = None

    @classmethod
    def of(cls, wish: Wish) -> Self | None:
        """What --synthetic N asks for."""
        return cls(wish.synthetic, wish.prefix) if wish.synthetic else None

    def choose(self, target: Connection, converter: Converter) -> Chosen:  # noqa: ARG002  they are made as DICOM
        """The films; the set may have been larger before."""
        prefix = self.prefix if self.prefix is not None else "synthetic"
        return Chosen(list(synthetic_sources(self.number, prefix)), whole=False)
