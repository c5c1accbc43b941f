"""Which files a load, or a comparison with what was loaded, is about: the kinds of source, and which is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.chestxrays.convert import Syntax
from scripts.chestxrays.selection import Selection
from scripts.errors import UsageError
from scripts.loading.chosen import Chosen, together
from scripts.loading.kinds.cloud_set import CloudSet
from scripts.loading.kinds.dicom_files import DicomFiles
from scripts.loading.kinds.image_set import ImageSet
from scripts.loading.kinds.kind import Kind
from scripts.loading.kinds.public_bucket import AS_THEY_ARE, PublicBucket
from scripts.loading.kinds.samples import Samples
from scripts.loading.kinds.synthetic_films import SyntheticFilms
from scripts.loading.wish import SourceKind, SyntaxName, Wish

if TYPE_CHECKING:
    from scripts.chestxrays.films import Converter
    from scripts.connection import Connection

NAMED: tuple[type[Kind], ...] = (PublicBucket, CloudSet, ImageSet, DicomFiles)
"""What a path and --source can mean: the first kind that says so."""

BESIDE: tuple[type[Kind], ...] = (Samples, SyntheticFilms)
"""What an option of its own asks for, on top of that."""


def syntax_of(wish: Wish) -> Syntax:
    """How films that become DICOM are written."""
    return Syntax((wish.syntax or SyntaxName.UNCOMPRESSED).value)


def choose(target: Connection, wish: Wish, converter: Converter) -> Chosen:
    """The files that `wish` is about. Raises UsageError when there are none, or what it asks for does not fit."""
    if wish.format_ and wish.kind is not SourceKind.PUBLIC:
        raise UsageError("--format is for --source public: other files have the format that they have.")
    named = next((kind for each in NAMED if (kind := each.of(wish)) is not None), None)
    _refuse_others(wish, named.options if named is not None else frozenset())
    beside = (each.of(wish) for each in BESIDE)
    return together(kind.choose(target, converter) for kind in (named, *beside) if kind is not None)


def _refuse_others(wish: Wish, options: frozenset[str]) -> None:
    """Raise UsageError for an option that was given and says nothing of what is loaded."""
    if "filters" not in options and (wish.selection != Selection() or wish.labels or wish.columns):
        raise UsageError(
            "--labels, --column and the filters (--finding, --view, --sex, --age, --patient, --split, --first) need a"
            " list of films: a folder of images with a CSV and no DICOM files, --source kaggle, or --source public with"
            " the lists."
        )
    if "syntax" not in options and wish.syntax:
        raise UsageError(AS_THEY_ARE)
