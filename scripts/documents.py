"""Files that are read from their beginning, on this machine or in a bucket, packed or not."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from scripts.errors import UsageError
from scripts.storing.candidates import find_candidates

if TYPE_CHECKING:
    from google.cloud import storage

_PACKED = ".gz"
_CLOUD = "gs://"


@dataclass(frozen=True)
class Document:
    """A file: how reports name it, and how its bytes are read from the beginning."""

    label: str
    open: Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True)
class Sort:
    """A sort of documents, told by their names.

    endings   what their names end with, as sentences list them; .gz may follow
    exported  whether an object of a bucket is one all the same, by its whole name
    """

    endings: tuple[str, ...]
    exported: Callable[[str], bool] = lambda _: False

    def has(self, name: str) -> bool:
        """Whether a name is that of such a document."""
        return unpacked_name(name).endswith(self.endings)

    def lacks(self, path: Path) -> bool:
        """Whether a file of a folder is none."""
        return not self.has(path.name)


def find_documents(words: Sequence[str], sort: Sort, client: Callable[[], storage.Client]) -> list[Document]:
    """The documents that `words` name: files, folders, wildcards, and gs://BUCKET/PATTERN, for which `client` is asked.

    Raises UsageError for a word that gives none.
    """
    local = [word for word in words if not word.startswith(_CLOUD)]
    found = [Document(each.label, _file(each.path)) for each in find_candidates(local, sort.lacks)] if local else []
    for word in words:
        if word.startswith(_CLOUD):
            found += _objects(word, sort, client())
    return found


def unpacked_name(name: str) -> str:
    """A name in small letters, without the ending of a packed file."""
    return name.lower().removesuffix(_PACKED)


def _file(path: Path) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: _unpacked(path.name, lambda: path.open("rb"))


def _objects(word: str, sort: Sort, client: storage.Client) -> list[Document]:
    """The documents of a bucket: below a folder, or those that match a pattern with `*`."""
    bucket, _, pattern = word.removeprefix(_CLOUD).partition("/")
    found = client.list_blobs(bucket, prefix=pattern.partition("*")[0])
    blobs = [blob for blob in found if _is_wanted(blob.name, sort, pattern)]
    if not blobs:
        raise UsageError(f"{word} matches no object that ends in {', '.join(sort.endings)}.")
    return [Document(f"gs://{bucket}/{blob.name}", _object(blob)) for blob in blobs]


def _is_wanted(name: str, sort: Sort, pattern: str) -> bool:
    """Whether an object below a folder, or that matches a pattern, is a document by its name."""
    return (sort.has(name) or sort.exported(name)) and ("*" not in pattern or fnmatchcase(name, pattern))


def _object(blob: storage.Blob) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: _unpacked(blob.name, lambda: blob.open("rb"))


@contextmanager
def _unpacked(name: str, opened: Callable[[], Any]) -> Iterator[BinaryIO]:
    """The bytes of a file, which are packed where its name says so."""
    with opened() as file:
        if not name.lower().endswith(_PACKED):
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield unpacked  # type: ignore[misc]
