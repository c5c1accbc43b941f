"""A set of chest X-rays on disk: its lists and its images brought together.

It may be Kaggle's archive, unpacked (`images_001/images/*.png` to `images_012`) or in its zips, NIH's own files once
unpacked, Kaggle's `sample`, or a plain folder of PNG and JPEG files with a CSV.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.images import ENDINGS, ImageFile, Listing, list_folder, list_zip
from scripts.chestxrays.labels import Labels, image_columns, read_boxes, read_films, read_split
from scripts.chestxrays.records import TEST, TRAIN, Box, FilmRecord
from scripts.chestxrays.uids import NIH_NAMES
from scripts.errors import UsageError

LISTS = {
    "v2020": "Data_Entry_2017_v2020.csv",
    "2017": "Data_Entry_2017.csv",
    "sample": "sample_labels.csv",
}
"""NIH's lists by FilmRecord.version, the one to be preferred first: NIH corrected its own in 2020."""

BOXES = "BBox_List_2017.csv"
SPLITS = {"train_val_list.txt": TRAIN, "test_list.txt": TEST}

_TARS = (".tar.gz", ".tgz", ".tar")


@dataclass(frozen=True)
class Archive:
    """A set: iterating gives each film with its file, in the list's order.

    version is FilmRecord.version; imageless are the films of the list without a file, unlabelled the image files that
    the list does not name, problems a sentence for each line, member or file left out.
    """

    version: str
    films: tuple[FilmRecord, ...]
    imageless: tuple[FilmRecord, ...]
    unlabelled: tuple[str, ...]
    problems: tuple[str, ...]
    _files: dict[str, ImageFile] = field(repr=False)

    def __len__(self) -> int:
        return len(self.films)

    def __iter__(self) -> Iterator[tuple[FilmRecord, ImageFile]]:
        for record in self.films:
            yield record, self._files[record.index]

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the films without a file."""
        return tuple(record.index for record in self.imageless)

    @property
    def size(self) -> int:
        """Bytes of all image files that the list names."""
        return sum(file.size for _, file in self)


def open_archive(path: Path, labels: str | None = None, name: str | None = None) -> Archive:
    """The set at `path`, a folder or a zip.

    `labels` chooses the list: "2017", "v2020" or "sample", or the name of a CSV of one's own; without it the newest of
    NIH's lists is taken, else the only CSV that names images. `name` is what a set of one's own is called, and part of
    its UIDs; without it, the folder's or zip's name. Raises UsageError when there is no set, or more than one list.
    """
    path = path.resolve()
    return archive_of(_listing(path), path.name, labels, name or (path.stem if path.is_file() else path.name))


def archive_of(listing: Listing, place: str, labels: str | None, name: str) -> Archive:
    """The set whose files `listing` has; errors call the place `place`. Else as for open_archive."""
    version, read = lists_of(listing, place, labels, name)
    return _together(read, listing, version)


def read_lists(path: Path, labels: str | None = None) -> Labels:
    """What the lists at `path` (a folder, a zip, or one CSV) say, without any image. As for open_archive."""
    path = path.resolve()
    if path.is_file() and path.suffix.lower() == ".csv":
        labels = labels or path.name
        listing = Listing(tuple(file for file in list_folder(path.parent).files if "/" not in file.path))
    else:
        listing = _listing(path)
    return lists_of(listing, path.name, labels, path.stem if path.is_file() else path.name)[1]


def lists_of(listing: Listing, place: str, labels: str | None, name: str) -> tuple[str, Labels]:
    """FilmRecord.version and what the list of that version, the boxes and the splits say together."""
    lists = {file.name: file for file in reversed(listing.files) if file.path.lower().endswith((".csv", ".txt"))}
    version, chosen = _choose(lists, labels, place)
    boxes: dict[str, tuple[Box, ...]] = {}
    splits: dict[str, str] = {}
    problems: tuple[str, ...] = ()
    if version:
        if BOXES in lists:
            boxes, problems = read_boxes(_lines(lists[BOXES]), BOXES)
        for file, split in SPLITS.items():
            if file in lists:
                splits |= read_split(_lines(lists[file]), split)
    version = version or _own_name(name)
    read = read_films(_lines(chosen), chosen.name, version, boxes, splits)
    return version, Labels(read.records, problems + read.problems)


def _own_name(name: str) -> str:
    """A folder may be called `sample` and hold somebody's own films, which must not pass for NIH's."""
    return f"{name} (own)" if name in NIH_NAMES else name


def _listing(path: Path) -> Listing:
    """The files of a folder and of the zips in it, or of one zip."""
    if not path.exists():
        raise UsageError(f"{path} does not exist: give the folder or the zip of the set.")
    if path.is_file():
        if path.name.lower().endswith(_TARS):
            raise UsageError(_unpack(path.name))
        if path.suffix.lower() != ".zip":
            raise UsageError(f"{path.name} is no zip: give the folder or the zip of the set.")
        return _zip(path)
    return with_zips(list_folder(path), lambda file: list_zip(path / file.path))


def with_zips(top: Listing, open_zip: Callable[[ImageFile], Listing]) -> Listing:
    """The files of a folder, with those inside its zips instead of the zips.

    `open_zip` lists one, and raises ReadError. Raises UsageError where all that could be images is in tar files.
    """
    files: list[ImageFile] = []
    problems: list[str] = []
    tars = []
    for file in top.files:
        if file.path.lower().endswith(".zip"):
            try:
                inside = open_zip(file)
            except ReadError as error:
                problems.append(str(error))
                continue
            files += inside.files
            problems += inside.problems
            problems += [_nested(file.path, zipped) for zipped in inside.files if zipped.path.lower().endswith(".zip")]
        elif file.path.lower().endswith(_TARS):
            tars.append(file.name)
        else:
            files.append(file)
    if tars and not any(_is_image(file) for file in files):
        raise UsageError(_unpack(tars[0]))
    problems += [f"{_unpack(tar)} It was left out." for tar in tars]
    return Listing(tuple(files), tuple(problems))


def _zip(path: Path) -> Listing:
    try:
        listing = list_zip(path)
    except ReadError as error:
        raise UsageError(str(error)) from error
    nested = [_nested(path.name, file) for file in listing.files if file.path.lower().endswith(".zip")]
    return Listing(listing.files, (*listing.problems, *nested))


def _nested(outer: str, inner: ImageFile) -> str:
    return f"{outer} holds {inner.name}, a zip in a zip, which was left out: unpack {outer} and give the folder."


def _unpack(name: str) -> str:
    return f"{name} can be read in one go only, not film by film: unpack it with `tar -xf {name}` and give the folder."


def _choose(lists: dict[str, ImageFile], labels: str | None, place: str) -> tuple[str, ImageFile]:
    """NIH's version, empty for a list of one's own, and the list's file."""
    if labels in LISTS and LISTS[labels] in lists:
        return labels, lists[LISTS[labels]]
    if labels is not None:
        wanted = LISTS.get(labels, labels)
        if wanted not in lists:
            raise UsageError(f"{place} holds no {wanted}: name a list that is there.")
        return next((version for version, name in LISTS.items() if name == wanted), ""), lists[wanted]
    for version, name in LISTS.items():
        if name in lists:
            return version, lists[name]
    own = [file for name, file in sorted(lists.items()) if name.lower().endswith(".csv") and _names_images(file)]
    if not own:
        raise UsageError(
            f"{place} holds no list of films: put a CSV beside the images with a column `Image Index` of file"
            " names, and optionally `Finding Labels`, `Patient ID`, `Patient Age`, `Patient Gender`, `View Position`."
        )
    if len(own) > 1:
        raise UsageError(f"{place} holds several lists: name one of {', '.join(file.name for file in own)}.")
    return "", own[0]


def _names_images(file: ImageFile) -> bool:
    header = next(iter(_lines(file)), "").lstrip("\ufeff").strip().split(",")
    return "index" in image_columns([name.strip('"') for name in header])


def _lines(file: ImageFile) -> Iterable[str]:
    """The text's lines; bytes that are no UTF-8 are read as Latin-1, as spreadsheets write."""
    try:
        data = file.read()
    except ReadError as error:
        raise UsageError(f"{file.name}: {error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return io.StringIO(text, newline="")


def _is_image(file: ImageFile) -> bool:
    return PurePosixPath(file.path).suffix.lower() in ENDINGS


def _together(read: Labels, listing: Listing, version: str) -> Archive:
    """Films with their files, by the path that the list gives or else by the name alone."""
    problems = [*listing.problems, *read.problems]
    images = [file for file in listing.files if _is_image(file)]
    by_path = {file.path: file for file in reversed(images)}
    by_name: dict[str, ImageFile] = {}
    twice = set()
    for file in images:
        first = by_name.setdefault(file.name, file)
        # Kaggle's sample holds every image twice, in `sample/images` and `sample/sample/images`.
        if first.size != file.size:
            twice.add(file.name)
    files: dict[str, ImageFile] = {}
    films, imageless = [], []
    for record in read.records:
        found = by_path.get(record.index)
        if found is None and record.index in twice:
            problems.append(f"{record.index} is there more than once and differs: leave one, and load again.")
            continue
        found = found or by_name.get(record.index)
        if found is None:
            imageless.append(record)
        else:
            films.append(record)
            files[record.index] = found
    used = {(file.place, file.path) for file in files.values()}
    # A second copy of a listed film is not unlabelled.
    named = {record.index for record in read.records}
    unlabelled = [file.path for file in images if (file.place, file.path) not in used and file.name not in named]
    return Archive(version, tuple(films), tuple(imageless), tuple(dict.fromkeys(unlabelled)), tuple(problems), files)
