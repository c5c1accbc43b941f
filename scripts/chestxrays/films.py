"""The set's films as what `load` brings: read and converted in processes of their own when their turn comes."""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from emulator.pool import make_pool
from scripts.chestxrays.convert import CONVERTER, Syntax, to_dicom
from scripts.chestxrays.errors import FilmError
from scripts.chestxrays.images import ImageFile
from scripts.chestxrays.placing import Placed
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import FilmUids, instance_uid, series_uid, study_uid
from scripts.errors import CommandError
from scripts.loading.sources import SourceError
from scripts.parallel import threads_left


def uids_of(record: FilmRecord) -> FilmUids:
    """The UIDs of a film; the same on every machine."""
    return FilmUids(study_uid(record), series_uid(record), instance_uid(record))


class Converter:
    """Turns image files into DICOM, in as many processes as there are cores; they end with the context.

    No `workers` at all, 0, means this process: one of many already, as a worker of Beam.
    """

    def __init__(self, syntax: Syntax = Syntax.UNCOMPRESSED, workers: int | None = None) -> None:
        self.syntax = syntax
        self._making = threading.Lock()
        self._made: Executor | None = None
        self.workers = workers if workers is not None else os.cpu_count() or 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._made is not None:
            self._made.shutdown(wait=not threads_left.is_set(), cancel_futures=True)

    @property
    def _pool(self) -> Executor:
        """Made when it is first needed, by one of many threads."""
        with self._making:
            if self._made is None:
                self._made = make_pool(self.workers)
            return self._made

    def convert(self, image: ImageFile | bytes, record: FilmRecord) -> bytes:
        """The film as a DICOM file. Waits for its turn; threads may share the converter.

        Raises SourceError for a film that can't be converted, CommandError when the processes are gone.
        """
        try:
            portable = image if isinstance(image, bytes) else image.portable()
            if not self.workers:
                return convert(portable, record, self.syntax)
            return self._pool.submit(convert, portable, record, self.syntax).result()
        except FilmError as error:
            raise SourceError(str(error).rstrip(".")) from None
        except (BrokenProcessPool, EOFError, ConnectionError):
            raise CommandError(
                "A process that converts films was ended from outside, perhaps for want of memory: make room and run"
                " the same command again, which goes on from here."
            ) from None


def version_of(converter: Converter, record: FilmRecord | None, *image: object) -> str:
    """A mark of 32 characters that changes with the converter, the syntax, the record, or what tells the image."""
    parts = repr((CONVERTER, converter.syntax.value, record, image))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def convert(image: ImageFile | bytes, record: FilmRecord, syntax: Syntax) -> bytes:
    """The film as a DICOM file; what the local load and the Beam pipeline both run. Raises FilmError."""
    return to_dicom(image if isinstance(image, bytes) else image.read(), record, syntax)


@dataclass(frozen=True, slots=True)
class ConvertedFilm(Placed):
    """A film of a set, converted when it is needed."""

    record: FilmRecord
    image: ImageFile
    prefix: str
    converter: Converter = field(compare=False, repr=False)

    @property
    def label(self) -> str:
        """The Image Index."""
        return self.record.index

    @property
    def patient_id(self) -> str:
        """The list's patient."""
        return self.record.patient_id

    @property
    def fixed_version(self) -> str:
        """Changes with the converter, the syntax, what the list says of the film, and the image file."""
        return version_of(self.converter, self.record, *self.image.version)

    def instance_uid(self) -> str:
        """The film's SOPInstanceUID."""
        return instance_uid(self.record)

    def problem(self) -> None:
        """What is wrong with an image shows when it is converted."""

    def content(self) -> bytes:
        """The film as a DICOM file. Raises SourceError."""
        return self.converter.convert(self.image, self.record)
