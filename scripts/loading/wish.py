"""What a person asks for who names a set of files: the options of `load`, `verify` and `pipeline` as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.chestxrays.labels import Columns
    from scripts.chestxrays.selection import Selection


class SourceKind(StrEnum):
    """Where files come from."""

    FOLDER = "folder"
    KAGGLE = "kaggle"
    PUBLIC = "public"


class PublicFormat(StrEnum):
    """Which of the public bucket's copies."""

    DICOM = "dicom"
    PNG = "png"


class SyntaxName(StrEnum):
    """How the pixels of converted films are written."""

    UNCOMPRESSED = "uncompressed"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"


@dataclass(frozen=True)
class Wish:
    """What the person asked for. path is a folder, zip or file; labels names a list in it, columns some of its columns.

    format_ and syntax are None where nobody said which: an option that does not fit is refused, not passed over.
    """

    kind: SourceKind
    path: Path | None
    selection: Selection
    sample: bool = False
    synthetic: int = 0
    prefix: str | None = None
    labels: str | None = None
    columns: Columns = field(default_factory=dict)
    format_: PublicFormat | None = None
    syntax: SyntaxName | None = None
