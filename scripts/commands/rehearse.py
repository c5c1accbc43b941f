"""`rehearse`: make a set to rehearse loading with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scripts.console import amount, count, note, progress
from scripts.errors import UsageError

_LARGEST_SIDE = 1024


def rehearse(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to make the set: a new or an empty folder.")],
    *,
    films: Annotated[int, typer.Option(min=1, metavar="N", help="How many films the lists name.")] = 100,
    side: Annotated[
        int, typer.Option(min=8, max=_LARGEST_SIDE, metavar="PIXELS", help="Width and height of each film.")
    ] = _LARGEST_SIDE,
    zipped: Annotated[
        bool, typer.Option("--zip", help="One zip with everything, as Kaggle's client fetches it.")
    ] = False,
    clean: Annotated[bool, typer.Option("--clean", help="Without the real set's oddities.")] = False,
) -> None:
    """Make a generated set of chest X-rays in Kaggle's layout, for `load --source kaggle`.

    The same numbers give the same set, byte for byte. Its patients are none of NIH's, and each film is marked as
    synthetic. It has the real set's oddities: RGBA files, impossible ages, names without a file and the reverse.
    """
    from scripts.chestxrays.rehearsal import NO_QUIRKS, Quirks, write_set

    folder = folder.expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there and not an empty folder: name a new one.")
    with progress("Making films", films) as bar:
        made = write_set(
            folder,
            films,
            side,
            quirks=NO_QUIRKS if clean else Quirks(),
            zips="one" if zipped else "none",
            advance=bar.advance,
        )
    images = f"{count(made.files, 'image')} ({amount(made.size)})"
    note(f"{count(made.films, 'film')} in the lists, {images} in {folder}")
