"""Files of FHIR resources, on this machine or in a bucket: JSON of one resource or bundle, or NDJSON, packed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from emulator.fhir import outcomes, parsing
from emulator.fhir.outcomes import Refused
from scripts import documents
from scripts.documents import Document, Sort, unpacked_name

if TYPE_CHECKING:
    from google.cloud import storage

Json = dict[str, Any]

_LINED = (".ndjson", ".jsonl")
_BLANKS = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE = 1 << 20
"""Bytes of lines that make a piece."""


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


def _is_exported(name: str) -> bool:
    """Whether an object may be an export's, which is called after a type and is NDJSON (fhirStores.export)."""
    last = name.rpartition("/")[2]
    return last.isalpha() and last[0].isupper()


SORT = Sort((".json", *_LINED), _is_exported)
"""Files of FHIR resources."""


def find_documents(words: Sequence[str], client: Callable[[], storage.Client]) -> list[Document]:
    """The documents of FHIR that `words` name, as `scripts.documents` finds them. Raises UsageError."""
    return documents.find_documents(words, SORT, client)


@dataclass(frozen=True)
class Piece:
    """A part of a document: some of its lines, or all of a document that may be one resource."""

    document: str
    raw: bytes
    first: int = 0
    """The number of the first line; 0 of a whole document."""


def resources_in(document: Document) -> Iterator[Found]:
    """The resources and bundles of a document, one after the other; of NDJSON a piece at a time is in memory."""
    for piece in pieces_in(document):
        yield from [piece] if isinstance(piece, Found) else resources_of(piece)


def pieces_in(document: Document) -> Iterator[Piece | Found]:
    """The pieces of a document, in their order, and at the end why it could not be read on, if it could not."""
    lined = unpacked_name(document.label).endswith(_LINED) or _is_exported(document.label)
    try:
        with document.open() as file:
            if lined:
                yield from _pieces(document.label, file)
            else:
                yield Piece(document.label, file.read())
    except (OSError, EOFError):  # EOFError: a packed file that ends early
        yield Found(document.label, "", outcomes.unparseable("the file cannot be read to its end"))


def _pieces(label: str, file: BinaryIO) -> Iterator[Piece]:
    """The lines of a file by the megabyte; what reading raises, it raises after the lines before."""
    first, lines, size = 1, list[bytes](), 0
    try:
        for line in file:
            lines.append(line)
            size += len(line)
            if size >= _PIECE:
                yield Piece(label, b"".join(lines), first)
                first, lines, size = first + len(lines), [], 0
    except (OSError, EOFError):
        yield Piece(label, b"".join(lines), first)
        raise
    yield Piece(label, b"".join(lines), first)


def resources_of(piece: Piece) -> Iterator[Found]:
    """The resources and bundles of a piece."""
    if piece.first:
        return _lines(piece.document, piece.raw, piece.first)
    return _whole(piece.document, piece.raw.removeprefix(_BYTE_ORDER_MARK))


def _whole(label: str, raw: bytes) -> Iterator[Found]:
    """What a file without line endings in its name holds; it may be NDJSON all the same, as servers' exports are."""
    try:
        yield Found(label, "", parsing.parse(raw, None), len(raw))
    except Refused as problem:
        first, _, rest = raw.strip(_BLANKS).partition(b"\n")
        if rest and _is_object(first):
            yield from _lines(label, raw)
        else:
            yield Found(label, "", problem)


def _is_object(line: bytes) -> bool:
    try:
        parsing.parse(line, None)
    except Refused:
        return False
    return True


def _lines(label: str, raw: bytes, first: int = 1) -> Iterator[Found]:
    for number, line in enumerate(raw.split(b"\n"), first):
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
