"""Loading by the bucket: documents become NDJSON objects, which one import brings into the store."""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any

from emulator.fhir import parsing
from scripts.console import Progress
from scripts.documents import Document
from scripts.errors import CommandError, ExitCode, api_failure
from scripts.fhir.documents import entries_of
from scripts.fhir.units import Item, Transaction, Unreadable, units_of
from scripts.importing import Imported
from scripts.parallel import run_parallel
from scripts.waiting import FailedFile, failed_files, start, wait_for

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs
    from scripts.connection import Connection

Json = dict[str, Any]

FOLDER = "fhir"
"""Where the landing bucket has what is imported into FHIR stores."""
LOG_RESOURCE = "healthcare_fhir_store"
STRUCTURES = ("RESOURCE", "BUNDLE", "RESOURCE_PRETTY", "BUNDLE_PRETTY")
"""How the files of an import are laid out (fhirStores.import: contentStructure)."""
_AT_LINE = re.compile(r"line (\d{1,12}): ")
_CHUNK = 1 << 20
_SPOOLED = 16 << 20
"""Bytes of an object that are kept in memory, not on disk, until it is uploaded."""


@dataclass
class Uploaded:
    """What was brought to the bucket: the prefix of its objects, and which document each of them is made of."""

    prefix: str
    documents: dict[str, Document] = field(default_factory=dict)
    """By the object's URI."""
    unreadable: list[Unreadable] = field(default_factory=list)

    def named(self, failures: Sequence[FailedFile]) -> list[FailedFile]:
        """What failed of the objects, by file and line or entry in place of the object and its line."""
        found = [(each, _AT_LINE.match(each.reason)) for each in failures]
        lines: dict[str, set[int]] = {}
        for each, line in found:
            if line and each.source in self.documents:
                lines.setdefault(each.source, set()).add(int(line[1]))
        labels = {source: _labels(self.documents[source], wanted) for source, wanted in lines.items()}
        return [self._named(each, labels.get(each.source, {}), line) for each, line in found]

    def _named(self, failure: FailedFile, labels: dict[int, str], line: re.Match[str] | None) -> FailedFile:
        if line and int(line[1]) in labels:
            return FailedFile(labels[int(line[1])], failure.reason[line.end() :])
        document = self.documents.get(failure.source)
        return replace(failure, source=document.label) if document else failure


def upload(target: Connection, documents: Sequence[Document], bar: Progress) -> Uploaded:
    """Bring documents to the landing bucket, one object each; what is there already is not sent again.

    The objects lie in a folder that is named after the contents, so that another run of the same load finds them, and
    an import takes these and no others. Raises CommandError after Ctrl-C.
    """
    bucket = target.storage.bucket(target.outputs.landing_bucket)
    done = Uploaded(f"{FOLDER}/{_fingerprint(documents)}/")
    stop = threading.Event()

    def send(numbered: tuple[int, Document]) -> list[Unreadable]:
        number, document = numbered
        name = f"{done.prefix}{number:06}.ndjson"
        with tempfile.SpooledTemporaryFile(_SPOOLED) as file:
            unreadable = _write(document, file)
            if file.tell():
                file.seek(0)
                _upload_once(bucket.blob(name), file)
                done.documents[f"gs://{bucket.name}/{name}"] = document
        return unreadable

    for number, (_, unreadable) in enumerate(run_parallel(send, list(enumerate(documents)), stop), 1):
        done.unreadable += unreadable
        bar.update(number, len(documents))
    if stop.is_set():
        raise CommandError("Nothing was imported: run the same command again to go on.", ExitCode.PARTLY_DONE)
    return done


def _fingerprint(documents: Sequence[Document]) -> str:
    """A name for what documents hold; the same for the same contents in the same order."""
    digest = hashlib.sha256()
    for document in documents:
        with document.open() as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        digest.update(b"\0")
    return digest.hexdigest()[:32]


def _write(document: Document, file: IO[bytes]) -> list[Unreadable]:
    """Write the resources of a document as NDJSON, each with an id; gives what is none."""
    unreadable = []
    for found in _lines(document):
        if isinstance(found, Unreadable):
            unreadable.append(found)
        else:
            file.write(parsing.serialize(found.resource) + b"\n")
    return unreadable


def _lines(document: Document) -> Iterator[Item | Unreadable]:
    """What becomes a line each of the object that a document is brought as, and what is left out of it."""
    for unit in units_of([document], as_is=False):
        if isinstance(unit, Unreadable):
            yield unit
        elif isinstance(unit, Transaction):
            for number, entry in enumerate(entries_of(unit.bundle), 1):
                if isinstance(entry.get("resource"), dict):
                    yield Item(f"{unit.label}, entry {number}", entry["resource"])
        else:
            yield from unit


def _labels(document: Document, lines: Container[int]) -> dict[int, str]:
    """What lines of its object, from 1, are called in a document."""
    written = (each for each in _lines(document) if isinstance(each, Item))
    return {number: each.label for number, each in enumerate(written, 1) if number in lines}


def _upload_once(blob: Any, file: IO[bytes]) -> None:
    """Upload an object unless it is there: the loader may not overwrite, and its name says what it holds."""
    try:
        blob.upload_from_file(file, content_type="application/fhir+ndjson", if_generation_match=0)
    except Exception as error:
        failure = api_failure(error)
        if failure is None or failure.code != 412:
            raise


def run_import(target: Connection, store: FhirStoreOutputs, uri: str, structure: str = "RESOURCE") -> Imported:
    """Import the objects that `uri` matches into a store, and wait for the end of that."""
    state = wait_for(target, start_import(target, store, uri, structure), f"Importing {uri}")
    return Imported(state, failed_files(target, state, LOG_RESOURCE), "resource")


def start_import(target: Connection, store: FhirStoreOutputs, uri: str, structure: str) -> str:
    """Start importing the objects that `uri` matches; gives the operation's name."""
    body = {"contentStructure": structure, "gcsSource": {"uri": uri}}
    request = target.healthcare.fhirStores().import_(name=store.name, body=body)
    return start(target, request, f"Importing {uri}")
