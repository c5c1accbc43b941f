"""Which image file a list means by what it writes: a name, a path, or either without its ending."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.images import ENDINGS, ImageFile

_SHOWN = 3


class Ambiguous(Exception):
    """A list's entry that fits several images which differ: their paths, for a sentence."""


class Images:
    """The images of a set, to be found by what a list calls them.

    An entry with folders fits a file whose path ends like it, or with which it ends itself (CheXpert's lists begin
    with the name of the folder that one unpacks them to); a bare name fits that file in any folder. Files that fit
    alike are one if their bytes are the same, as in Kaggle's sample, which holds every image twice.
    """

    def __init__(self, files: Iterable[ImageFile]) -> None:
        self._by_name: dict[str, list[ImageFile]] = {}
        for file in files:
            self._by_name.setdefault(file.name, []).append(file)
            self._by_name.setdefault(without_ending(file.name), []).append(file)

    def find(self, entry: str) -> ImageFile | None:
        """The image that `entry` means, None where there is none. Raises Ambiguous."""
        fitting = self.fitting(entry)
        if not fitting:
            return None
        first, *others = fitting
        if any(not _same_bytes(first, other) for other in others):
            paths = [file.path for file in fitting]
            raise Ambiguous(", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else ""))
        return first

    def fitting(self, entry: str) -> list[ImageFile]:
        """The images that fit `entry` best, in the order of their paths."""
        wanted = PurePosixPath(entry).parts
        if not wanted:
            return []
        best = 0
        found: list[ImageFile] = []
        for file in self._by_name.get(wanted[-1], ()):
            has = PurePosixPath(file.path).parts
            alike = _alike_from_the_end(wanted, has)
            if alike == min(len(wanted), len(has)) and alike >= best:
                found = [*found, file] if alike == best else [file]
                best = alike
        return found


def without_ending(name: str) -> str:
    """A name without the ending of an image; another dot, as in a UID, is part of the name."""
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in ENDINGS else name


def _alike_from_the_end(wanted: tuple[str, ...], has: tuple[str, ...]) -> int:
    """How many parts are the same, from the last one back; that is the same already, with or without its ending."""
    alike = 1
    for one, other in zip(reversed(wanted[:-1]), reversed(has[:-1]), strict=False):
        if one != other:
            break
        alike += 1
    return alike


def _same_bytes(one: ImageFile, other: ImageFile) -> bool:
    if one.size != other.size:
        return False
    try:
        return one.version == other.version and one.read() == other.read()
    except ReadError:
        return False
