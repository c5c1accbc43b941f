"""What every kind of source offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from scripts.chestxrays.films import Converter
    from scripts.connection import Connection
    from scripts.loading.chosen import Chosen
    from scripts.loading.wish import Wish


class Kind(Protocol):
    """A set of files that can be loaded."""

    options: ClassVar[frozenset[str]]
    """The options of the commands that say something of it: "filters", "format", "syntax". Others are refused."""

    @classmethod
    def of(cls, wish: Wish) -> Self | None:
        """This kind as the options of a command ask for it; None where they are about another."""

    def choose(self, target: Connection, converter: Converter) -> Chosen:
        """The files of the set, and what else it says.

        target is the stack they are to be loaded to, converter what makes DICOM of images. Raises UsageError where
        there are none, or something does not fit.
        """
