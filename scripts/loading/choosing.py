"""Which files a load, or a comparison with what was loaded, is about: what the options of the command say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.images import ImageFile, is_image, list_folder, list_zip
from scripts.connection import Connection
from scripts.console import count
from scripts.errors import UsageError
from scripts.loading.dicom_files import has_dicom_prefix, has_plain_name, is_passed_over, is_zip, says_dicom
from scripts.loading.sources import (
    DICOM_ENDING,
    Source,
    clean_prefix,
    files_under,
    folder_sources,
    sample_sources,
    synthetic_sources,
)
from scripts.loading.wish import PublicFormat, SourceKind, SyntaxName, Wish

if TYPE_CHECKING:
    from scripts.chestxrays.archive import Archive
    from scripts.chestxrays.convert import Syntax
    from scripts.chestxrays.films import Converter
    from scripts.chestxrays.records import FilmRecord


@dataclass
class Chosen:
    """The files, and what else the set says.

    whole: they are all there should be in their folders. imageless are films of the list that were asked for but have
    no image, unlabelled images that the list does not name, problems a sentence for each line or file left out that
    should not be, remarks what else there is to say. passed_over are files that are plainly no images.
    """

    sources: list[Source] = field(default_factory=list)
    whole: bool = True
    imageless: tuple[FilmRecord, ...] = ()
    unlabelled: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    def records(self) -> Iterator[tuple[Source, FilmRecord]]:
        """The sources of which a list says something, with what it says."""
        for source in self.sources:
            record = getattr(source, "record", None)
            if record is not None:
                yield source, record


def syntax_of(wish: Wish) -> Syntax:
    """How films that become DICOM are written."""
    from scripts.chestxrays.convert import Syntax

    return Syntax((wish.syntax or SyntaxName.UNCOMPRESSED).value)


def choose(target: Connection, wish: Wish, converter: Converter) -> Chosen:
    """The files that `wish` is about. Raises UsageError when there are none, or what it asks for does not fit."""
    if wish.kind is SourceKind.PUBLIC:
        return _public(target, wish, converter)
    if wish.format_:
        raise UsageError("--format is for --source public: other files have the format that they have.")
    if wish.path and (wish.kind is SourceKind.KAGGLE or _is_image_set(wish.path)):
        chosen = _image_set(target, wish, wish.path, converter)
    else:
        if wish.kind is SourceKind.KAGGLE:
            raise UsageError("--source kaggle needs the folder or the zip of the set.")
        _refuse_filters(wish)
        _refuse_syntax(wish)
        chosen = _dicom_files(wish.path, wish.prefix) if wish.path else Chosen()
    if wish.sample:
        chosen.sources += sample_sources(None, wish.prefix if wish.prefix is not None else "sample")
    if wish.synthetic:
        chosen.sources += synthetic_sources(wish.synthetic, wish.prefix if wish.prefix is not None else "synthetic")
        chosen.whole = False  # the set may have been larger before
    return chosen


def _refuse_filters(wish: Wish) -> None:
    from scripts.chestxrays.selection import Selection

    if wish.selection != Selection() or wish.labels or wish.columns:
        raise UsageError(
            "--labels, --column and the filters (--finding, --view, --sex, --age, --patient, --split, --first) need a"
            " list of films: a folder of images with a CSV and no DICOM files, --source kaggle, or --source public with"
            " the lists."
        )


def _refuse_syntax(wish: Wish) -> None:
    if wish.syntax:
        raise UsageError("--syntax is for films that become DICOM on the way: DICOM files are loaded as they are.")


def _is_image_set(path: Path) -> bool:
    """Whether a folder or zip holds images, but no DICOM files: these are what is meant where there are.

    What lies in Cloud Storage is taken for one: DICOM files there need no loading, but an import.
    """
    from scripts.chestxrays.cloud_images import cloud_place

    return bool(cloud_place(path)) or (_has_images(path) and not any(_dicom_among(path)))


def _has_images(path: Path) -> bool:
    """Whether there are images in a folder, its zips, or a zip; an image alone is none of a set."""
    return path.exists() and (path.is_dir() or is_zip(path)) and any(map(is_image, _files_of(path)))


def _files_of(path: Path) -> Iterator[ImageFile]:
    """The files of a folder and of its zips, or of a zip."""
    if path.is_dir():
        for file in list_folder(path).files:
            inside = Path(file.place, file.path)
            yield from _zipped(inside) if is_zip(inside) else (file,)
    else:
        yield from _zipped(path)


def _zipped(path: Path) -> Iterator[ImageFile]:
    with suppress(ReadError):  # whoever reads it says what is wrong with it
        yield from list_zip(path).files


def _dicom_among(path: Path) -> Iterator[ImageFile]:
    """The DICOM files of what may be a set. Its images are not looked into: there may be 112,120."""
    others = (file for file in _files_of(path) if not is_image(file))
    return filter(_says_that_it_is_dicom, others)


def _says_that_it_is_dicom(file: ImageFile) -> bool:
    """By its first bytes, in a zip by its ending where it has one: what is packed takes long to look into."""
    if file.member is None:
        return has_dicom_prefix(Path(file.place, file.path))
    if "." in file.name and not file.name.replace(".", "").isdigit():
        return file.name.lower().endswith((DICOM_ENDING, ".dicom"))
    with suppress(ReadError):
        return not has_plain_name(file.name) and says_dicom(file.read())
    return False


def _dicom_files(path: Path, prefix: str | None) -> Chosen:
    """The files of a folder as they are. Images beside them are no DICOM files, which is said of each when its turn
    comes; why nobody made DICOM files of them is said here.
    """
    chosen = Chosen(list(folder_sources(path, prefix)), whole=path.is_dir())
    if path.is_dir():
        over = (file.relative_to(path) for file in files_under(path) if not is_zip(file) and is_passed_over(file))
        chosen.passed_over = tuple(str(each) for each in over)
    if _has_images(path):
        why = (
            f"{path.resolve().name} holds DICOM files, so these are loaded, and its images are not made into DICOM by"
            " a list: say --source kaggle for these."
        )
        chosen.remarks = (why,)
    return chosen


def _image_set(target: Connection, wish: Wish, path: Path, converter: Converter) -> Chosen:
    from scripts.chestxrays.archive import open_archive
    from scripts.chestxrays.cloud_images import cloud_place, open_cloud_archive
    from scripts.chestxrays.films import ConvertedFilm
    from scripts.chestxrays.selection import Selection

    place = cloud_place(path)
    archive = (
        open_cloud_archive(target.storage, place, wish.labels, wish.columns)
        if place
        else open_archive(path, wish.labels, columns=wish.columns)
    )
    prefix = _prefix(wish, archive)
    sources: list[Source] = [
        ConvertedFilm(record, image, prefix, converter) for record, image in wish.selection.of(archive)
    ]
    if not sources:
        raise UsageError(f"None of the {len(archive):,} films in {path.name} is what the filters ask for.")
    remarks = list(archive.remarks)
    if not place and (passed_over := sum(1 for _ in _dicom_among(path))):
        remarks.append(
            f"{path.resolve().name} also holds {count(passed_over, 'DICOM file')}, left out here: load it without"
            " --source kaggle for these."
        )
    return Chosen(
        sources,
        whole=wish.selection == Selection(),
        imageless=tuple(filter(wish.selection.matches, archive.imageless)),
        unlabelled=archive.unlabelled,
        problems=archive.problems,
        remarks=tuple(remarks),
    )


def _prefix(wish: Wish, archive: Archive) -> str:
    """The top folder of the bucket: for NIH's set the same, wherever it comes from."""
    from scripts.chestxrays.uids import NIH_RELEASES, NIH_SET

    if wish.prefix is not None:
        return clean_prefix(wish.prefix)
    return NIH_SET if archive.version in NIH_RELEASES else clean_prefix(archive.version)


def _public(target: Connection, wish: Wish, converter: Converter) -> Chosen:
    from scripts.chestxrays.public import BUCKET, public_films
    from scripts.chestxrays.selection import Selection
    from scripts.chestxrays.uids import NIH_SET

    if wish.sample or wish.synthetic:
        raise UsageError("--sample and --synthetic are files of their own: load them without --source public.")
    format_ = wish.format_ or PublicFormat.DICOM
    if format_ is PublicFormat.DICOM:
        _refuse_syntax(wish)
    records: dict[str, FilmRecord] | None = None
    problems: tuple[str, ...] = ()
    selection = wish.selection
    if wish.path:
        from scripts.chestxrays.archive import read_lists

        lists = read_lists(wish.path, wish.labels, wish.columns)
        problems = lists.problems
        records = {record.index: record for record in lists.records if selection.matches(record)}
    elif selection != Selection(first=selection.first) or format_ is PublicFormat.PNG:
        raise UsageError(
            "--source public has no labels: give the folder with NIH's lists (Data_Entry_2017_v2020.csv) as well,"
            " for the filters and for --format png."
        )
    prefix = clean_prefix(wish.prefix) if wish.prefix is not None else NIH_SET
    found = public_films(target, format_, prefix, records, converter if format_ is PublicFormat.PNG else None)
    sources: Sequence[Source] = _at_most(found, selection.first)
    if not sources:
        raise UsageError(f"gs://{BUCKET}/{format_.value}/ holds no film that was asked for.")
    return Chosen(list(sources), whole=selection == Selection(), problems=problems)


def _at_most(found: Iterator[Source], first: int | None) -> list[Source]:
    from itertools import islice

    return list(islice(found, first))
