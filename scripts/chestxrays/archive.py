"""A set of chest X-rays on disk: its lists and its images brought together.

It may be Kaggle's archive, unpacked (`images_001/images/*.png` to `images_012`) or in its zips, NIH's own files once
unpacked, Kaggle's `sample`, or a plain folder of images (PNG, JPEG, TIFF, BMP) with a CSV, or with folders that are the
labels.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.folder_labels import FOLDERS, label_folders, read_folders
from scripts.chestxrays.images import ImageFile, Listing, is_image, list_folder, list_zip
from scripts.chestxrays.labels import NONE, Columns, Labels, image_columns, read_boxes, read_films, read_split, rows
from scripts.chestxrays.matching import Ambiguous, Images
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
    the list does not name, problems a sentence for each line, member or file left out, remarks what else there is to
    say of the list.
    """

    version: str
    films: tuple[FilmRecord, ...]
    imageless: tuple[FilmRecord, ...]
    unlabelled: tuple[str, ...]
    problems: tuple[str, ...]
    _files: dict[str, ImageFile] = field(repr=False)
    remarks: tuple[str, ...] = ()

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


def open_archive(path: Path, labels: str | None = None, name: str | None = None, columns: Columns = NONE) -> Archive:
    """The set at `path`, a folder or a zip.

    `labels` chooses the list: "2017", "v2020" or "sample", the name or path of a CSV of one's own, or "folders" for
    images whose folders are their labels; without it the newest of NIH's lists is taken, else the only CSV that names
    images, else the folders. `columns` says which column of a list of one's own holds what (see image_columns). `name`
    is what a set of one's own is called, and part of its UIDs; without it, the folder's or zip's name. Raises
    UsageError when there is no set, or more than one list.
    """
    path = path.resolve()
    return archive_of(_listing(path), path.name, labels, name or (path.stem if path.is_file() else path.name), columns)


def archive_of(listing: Listing, place: str, labels: str | None, name: str, columns: Columns = NONE) -> Archive:
    """The set whose files `listing` has; errors call the place `place`. Else as for open_archive."""
    images = [file for file in listing.files if is_image(file)]
    if _by_folders(listing, images, labels):
        version = _own_name(name)
        together = _together(read_folders(images, version), listing, version)
        named = ", ".join(label_folders(images)[:8]) or "none"
        return replace(together, remarks=(f"{place} has no list: its folders' names are the findings ({named}).",))
    version, read = lists_of(listing, place, labels, name, columns)
    return _together(read, listing, version)


def _by_folders(listing: Listing, images: Sequence[ImageFile], labels: str | None) -> bool:
    """Whether the folders are the labels: said so, or there is no CSV and there are several that are no splits."""
    if labels is not None:
        return labels == FOLDERS
    return len(label_folders(images)) > 1 and not any(is_csv(file) for file in listing.files)


def is_csv(file: ImageFile) -> bool:
    """Whether a file's ending is that of a list."""
    return file.path.lower().endswith((".csv", ".tsv"))


def read_lists(path: Path, labels: str | None = None, columns: Columns = NONE) -> Labels:
    """What the lists at `path` (a folder, a zip, or one CSV) say, without any image. As for open_archive."""
    path = path.resolve()
    if path.is_file() and path.suffix.lower() == ".csv":
        labels = labels or path.name
        listing = Listing(tuple(file for file in list_folder(path.parent).files if "/" not in file.path))
    else:
        listing = _listing(path)
    return lists_of(listing, path.name, labels, path.stem if path.is_file() else path.name, columns)[1]


def lists_of(
    listing: Listing, place: str, labels: str | None, name: str, columns: Columns = NONE
) -> tuple[str, Labels]:
    """FilmRecord.version and what the list of that version, the boxes and the splits say together."""
    lists = [file for file in listing.files if is_csv(file) or file.path.lower().endswith(".txt")]
    by_name = {file.name: file for file in reversed(lists)}
    version, chosen = _choose(listing, lists, labels, place, columns)
    boxes: dict[str, tuple[Box, ...]] = {}
    splits: dict[str, str] = {}
    problems: tuple[str, ...] = ()
    if version:
        if BOXES in by_name:
            boxes, problems = read_boxes(_lines(by_name[BOXES]), BOXES)
        for file, split in SPLITS.items():
            if file in by_name:
                splits |= read_split(_lines(by_name[file]), split)
    version = version or _own_name(name)
    read = read_films(_lines(chosen), chosen.name, version, boxes, splits, columns)
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
    if tars and not any(is_image(file) for file in files):
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


def _choose(
    listing: Listing, lists: Sequence[ImageFile], labels: str | None, place: str, columns: Columns
) -> tuple[str, ImageFile]:
    """NIH's version, empty for a list of one's own, and the list's file."""
    if labels is not None:
        wanted = LISTS.get(labels, labels)
        found = [file for file in lists if wanted in (file.path, file.name)]
        if not found:
            there = ", ".join(file.path for file in lists if is_csv(file)) or "no CSV"
            raise UsageError(f"{place} holds no {wanted}: name a list that is there ({there}).")
        _refuse_several(found, place)
        return next((version for version, name in LISTS.items() if name == found[0].name), ""), found[0]
    for version, name in LISTS.items():
        found = [file for file in lists if file.name == name]
        if found:
            return version, found[0]
    csvs = [file for file in lists if is_csv(file)]
    own = [file for file in csvs if "index" in image_columns(_header(file), columns)]
    if not own:
        raise UsageError(_no_list(listing, csvs, place))
    _refuse_several(own, place)
    return "", own[0]


def _refuse_several(lists: Sequence[ImageFile], place: str) -> None:
    if len(lists) > 1:
        names = ", ".join(file.path for file in lists)
        raise UsageError(f"{place} holds several lists: name one of {names} with --labels.")


def _no_list(listing: Listing, csvs: Sequence[ImageFile], place: str) -> str:
    """What is there instead of a list, and what to do about it."""
    number = sum(map(is_image, listing.files))
    images = f"images ({number:,})" if number else "no images"
    if csvs:
        columns = ", ".join(f"`{name}`" for name in _header(csvs[0])[:8])
        return (
            f"{place} holds {images} and {csvs[0].path}, which has no column of image names that is known here (it has"
            f" {columns}): say which one it is, as in --column index=NAME."
        )
    return (
        f"{place} holds {images} and no list of films: put a CSV beside them with a column `Image Index` of file names,"
        " and optionally `Finding Labels`, `Patient ID`, `Patient Age`, `Patient Gender`, `View Position`; or, where"
        f" the folders' names are the findings, say --labels {FOLDERS}."
    )


def _header(file: ImageFile) -> list[str]:
    return next(iter(rows(_lines(file))), (1, []))[1]


def _lines(file: ImageFile) -> Iterable[str]:
    """The text's lines: UTF-8, UTF-16 with its mark, else read as Latin-1, as spreadsheets write."""
    try:
        data = file.read()
    except ReadError as error:
        raise UsageError(f"{file.name}: {error}") from error
    for encoding in ("utf-16",) if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ("utf-8-sig",):
        try:
            return io.StringIO(data.decode(encoding), newline="")
        except UnicodeDecodeError:
            continue
    return io.StringIO(data.decode("latin-1"), newline="")


def _together(read: Labels, listing: Listing, version: str) -> Archive:
    """Films with their files."""
    problems = [*listing.problems, *read.problems]
    images = [file for file in listing.files if is_image(file)]
    known = Images(images)
    files: dict[str, ImageFile] = {}
    films, imageless = [], []
    named: set[tuple[str, str]] = set()
    for record in read.records:
        named.update((file.place, file.path) for file in known.fitting(record.index))
        try:
            found = known.find(record.index)
        except Ambiguous as error:
            problems.append(
                f"{record.index} is there more than once and differs ({error}): write the path into the list, or leave"
                " one, and load again."
            )
            continue
        if found is None:
            imageless.append(record)
        else:
            films.append(record)
            files[record.index] = found
    unlabelled = dict.fromkeys(file.path for file in images if (file.place, file.path) not in named)
    return Archive(version, tuple(films), tuple(imageless), tuple(unlabelled), tuple(problems), files)
