"""Makes a generated set in Kaggle's layout, names and columns: to rehearse a load without the 45 GB, test or measure.

A set is a function of its arguments, byte for byte. Its patients begin with 00050001, after NIH's last (00030805), so
that a rehearsal never takes the names and UIDs of real films; and each PNG says in a text chunk, and from 256 pixels a
side also in its picture, that it is synthetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from scripts.chestxrays.rehearsal.lists import FIRST_PATIENT, Row, rows_of_patient, write_lists
from scripts.chestxrays.rehearsal.pictures import png_of
from scripts.chestxrays.rehearsal.sinks import Sink, opened_sink
from scripts.loading.synthetic import SIDE, Film, films

Layout = Literal["data", "sample"]
"""Kaggle's `nih-chest-xrays/data`, or its `sample`."""

Zips = Literal["none", "one", "each"]
"""Folders; all in `archive.zip` as Kaggle's download button gives it; or a zip for each `images_0NN`."""

_FIRST_FOLDER, _FOLDER = 4_999, 10_000
_RGBA_EVERY, _MISSING_EVERY = 216, 500


@dataclass(frozen=True)
class Quirks:
    """What the real set's users stumble over, each as often as once in some hundred films but in the first dozen too.

    rgba: grey films stored with four channels. ages: years such as 411. missing: in the lists, but no file.
    unlabelled: a file that no list names. boxes: a box for an image that is in no list.
    """

    rgba: bool = True
    ages: bool = True
    missing: bool = True
    unlabelled: bool = True
    boxes: bool = True


NO_QUIRKS = Quirks(rgba=False, ages=False, missing=False, unlabelled=False, boxes=False)


@dataclass(frozen=True)
class Written:
    """What was made: films in the lists, image files, their bytes, and the names without a file or without a line."""

    films: int
    files: int
    size: int
    missing: tuple[str, ...]
    unlabelled: tuple[str, ...]


def write_set(
    folder: Path,
    number: int,
    side: int = SIDE,
    *,
    layout: Layout = "data",
    quirks: Quirks | None = None,
    zips: Zips = "none",
    advance: Callable[[], None] | None = None,
) -> Written:
    """`number` films of `side` x `side` pixels in `folder`, with their lists.

    `advance` is called after each film. At 1024 pixels a film takes 40 ms, at 64 a third of a millisecond.
    Raises OSError, and ValueError for a number below 1 or a side outside 8 to 1024.
    """
    if number < 1 or not 8 <= side <= SIDE:
        raise ValueError("A set has at least one film, and a film 8 to 1024 pixels a side.")
    quirks = quirks or Quirks()
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    missing, unlabelled = [], []
    files = size = 0
    with opened_sink(folder, zips) as sink:
        for position, (film, row) in enumerate(_films_and_rows(number, quirks)):
            rows.append(row)
            if quirks.missing and position % _MISSING_EVERY == 7:
                missing.append(row.name)
            else:
                rgba = quirks.rgba and position % _RGBA_EVERY == 3
                files, size = files + 1, size + _put(sink, _folder(position, layout) + row.name, film, side, rgba=rgba)
            if quirks.unlabelled and position % _MISSING_EVERY == 9:
                # A follow-up that no patient has.
                extra = Film(film.patient, 999)
                name = f"{extra.patient + FIRST_PATIENT - 1:08d}_{extra.follow_up:03d}.png"
                unlabelled.append(name)
                files, size = files + 1, size + _put(sink, _folder(position, layout) + name, extra, side, rgba=False)
            if advance:
                advance()
        write_lists(sink, rows, layout, stray_box=quirks.boxes)
    return Written(number, files, size, tuple(missing), tuple(unlabelled))


def _films_and_rows(number: int, quirks: Quirks) -> Iterator[tuple[Film, Row]]:
    for _, same in groupby(films(number), key=lambda film: film.patient):
        of_patient = list(same)
        yield from zip(of_patient, rows_of_patient(of_patient, impossible_ages=quirks.ages), strict=True)


def _folder(position: int, layout: Layout) -> str:
    """Kaggle's folders hold 4,999 films, then 10,000 each, then the rest."""
    if layout == "sample":
        return "sample/images/"
    number = 1 if position < _FIRST_FOLDER else 2 + (position - _FIRST_FOLDER) // _FOLDER
    return f"images_{number:03d}/images/"


def _put(sink: Sink, path: str, film: Film, side: int, *, rgba: bool) -> int:
    data = png_of(film, side, rgba=rgba)
    sink.write(path, data)
    return len(data)
