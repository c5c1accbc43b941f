"""What a folder or a zip holds: images, or DICOM files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.images import ImageFile, is_image, list_folder, list_zip
from scripts.loading.dicom_files import has_dicom_prefix, has_plain_name, is_zip, says_dicom
from scripts.loading.sources import DICOM_ENDING


def is_image_set(path: Path) -> bool:
    """Whether a folder or zip holds images, but no DICOM files: these are what is meant where there are."""
    return has_images(path) and not any(dicom_among(path))


def has_images(path: Path) -> bool:
    """Whether there are images in a folder, its zips, or a zip; an image alone is none of a set."""
    return path.exists() and (path.is_dir() or is_zip(path)) and any(map(is_image, _files_of(path)))


def dicom_among(path: Path) -> Iterator[ImageFile]:
    """The DICOM files of what may be a set. Its images are not looked into: there may be 112,120."""
    others = (file for file in _files_of(path) if not is_image(file))
    return filter(_says_that_it_is_dicom, others)


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


def _says_that_it_is_dicom(file: ImageFile) -> bool:
    """By its first bytes, in a zip by its ending where it has one: what is packed takes long to look into."""
    if file.member is None:
        return has_dicom_prefix(Path(file.place, file.path))
    if "." in file.name and not file.name.replace(".", "").isdigit():
        return file.name.lower().endswith((DICOM_ENDING, ".dicom"))
    with suppress(ReadError):
        return not has_plain_name(file.name) and says_dicom(file.read())
    return False
