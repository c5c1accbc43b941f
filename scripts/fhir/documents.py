"""Files of FHIR resources, on this machine or in a bucket: JSON of one resource or bundle, or NDJSON, packed or not."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from emulator.fhir import outcomes, parsing
from emulator.fhir.outcomes import Refused
from scripts.errors import UsageError
from scripts.storing.candidates import find_candidates

if TYPE_CHECKING:
    from google.cloud import storage

Json = dict[str, Any]

ENDINGS = (".json", ".ndjson", ".jsonl")
_LINED = (".ndjson", ".jsonl")
_PACKED = ".gz"
_BLANKS = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CLOUD = "gs://"


@dataclass(frozen=True)
class Document:
    """A file of resources: how reports name it, and how its bytes are read from the beginning."""

    label: str
    open: Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True)
class Found:
    """A resource or bundle of a document, or why there is none; `place` is such as "line 3", "" for the whole file."""

    document: str
    place: str
    content: Json | Refused
    size: int = 0
    """Bytes of its JSON."""

    @property
    def label(self) -> str:
        """How a report names it: the file, and where in it."""
        return f"{self.document}, {self.place}" if self.place else self.document


def find_documents(words: Sequence[str], client: Callable[[], storage.Client]) -> list[Document]:
    """The documents that `words` name: files, folders, wildcards, and gs://BUCKET/PATTERN, for which `client` is asked.

    Raises UsageError for a word that gives none.
    """
    local = [word for word in words if not word.startswith(_CLOUD)]
    found = [Document(each.label, _file(each.path)) for each in find_candidates(local, is_no_document)] if local else []
    for word in words:
        if word.startswith(_CLOUD):
            found += _objects(word, client())
    return found


def is_no_document(path: Path) -> bool:
    """Whether a file of a folder is none of FHIR's, by its name."""
    return not _is_document(path.name)


def _is_document(name: str) -> bool:
    return name.lower().removesuffix(_PACKED).endswith(ENDINGS)


def _is_exported(name: str) -> bool:
    """Whether an object may be an export's, which is called after a type and is NDJSON (fhirStores.export)."""
    last = name.rpartition("/")[2]
    return last.isalpha() and last[0].isupper()


def _file(path: Path) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: _unpacked(path.name, lambda: path.open("rb"))


def _objects(word: str, client: storage.Client) -> list[Document]:
    """The documents of a bucket: below a folder, or those that match a pattern with `*`."""
    bucket, _, pattern = word.removeprefix(_CLOUD).partition("/")
    found = client.list_blobs(bucket, prefix=pattern.partition("*")[0])
    blobs = [blob for blob in found if _is_wanted(blob.name, pattern)]
    if not blobs:
        raise UsageError(f"{word} matches no object that ends in {', '.join(ENDINGS)}.")
    return [Document(f"gs://{bucket}/{blob.name}", _object(blob)) for blob in blobs]


def _is_wanted(name: str, pattern: str) -> bool:
    """Whether an object below a folder, or that matches a pattern, is a document by its name."""
    return (_is_document(name) or _is_exported(name)) and ("*" not in pattern or fnmatchcase(name, pattern))


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


def resources_in(document: Document) -> Iterator[Found]:
    """The resources and bundles of a document, one after the other; of NDJSON a line at a time is in memory."""
    lined = document.label.lower().removesuffix(_PACKED).endswith(_LINED) or _is_exported(document.label)
    try:
        with document.open() as file:
            if lined:
                yield from _lines(document.label, file)
            else:
                yield from _whole(document.label, file.read().removeprefix(_BYTE_ORDER_MARK))
    except (OSError, EOFError):  # EOFError: a packed file that ends early
        yield Found(document.label, "", outcomes.unparseable("the file cannot be read to its end"))


def _whole(label: str, raw: bytes) -> Iterator[Found]:
    """What a file without line endings in its name holds; it may be NDJSON all the same, as servers' exports are."""
    try:
        yield Found(label, "", parsing.parse(raw, None), len(raw))
    except Refused as problem:
        first, _, rest = raw.strip(_BLANKS).partition(b"\n")
        if rest and _is_object(first):
            yield from _lines(label, io.BytesIO(raw))
        else:
            yield Found(label, "", problem)


def _is_object(line: bytes) -> bool:
    try:
        parsing.parse(line, None)
    except Refused:
        return False
    return True


def _lines(label: str, file: BinaryIO) -> Iterator[Found]:
    for number, line in enumerate(file, 1):
        text = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip(_BLANKS)
        if text:
            yield Found(label, f"line {number}", _parsed(text), len(text))


def _parsed(text: bytes) -> Json | Refused:
    try:
        return parsing.parse(text, None)
    except Refused as problem:
        return problem


def entries_of(bundle: Json) -> list[Json]:
    """The entries of a bundle that are objects, in their order."""
    entries = bundle.get("entry")
    return [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def is_bundle(resource: Json) -> bool:
    """Whether it is a bundle, whose entries are resources of their own."""
    return resource.get("resourceType") == "Bundle"
