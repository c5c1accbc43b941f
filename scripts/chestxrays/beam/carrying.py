"""What the command's own process does for a pipeline: writes the list of work, has it run, reads what became of it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from scripts.chestxrays.beam.work import Film, film_line, outcome_of
from scripts.chestxrays.convert import Syntax
from scripts.chestxrays.films import ConvertedFilm
from scripts.chestxrays.public import PublicFilm
from scripts.connection import Connection
from scripts.console import count, remark
from scripts.errors import CommandError, UsageError
from scripts.loading.manifest import top_folder
from scripts.loading.sources import Source
from scripts.loading.uploading import Outcome, Stored, name_clashes, unchanged

AGAIN = "run the same command again, which goes on from there"

_WORK = "work.ndjson.gz"
_RESULTS = ("brought", "failed")
# How the DoFn's own sentence stands in the traceback that Beam makes of what its workers raised, and what it adds.
_SENTENCE = re.compile(r"scripts\.errors\.\w+: (.+)$", re.MULTILINE)
_ADDED = re.compile(r" \[while running .*", re.DOTALL)


class Place(Protocol):
    """Where list and results are, for the workers and for this process."""

    @property
    def uri(self) -> str:
        """The folder as Beam names it: a path, or gs://..."""

    def write(self, name: str, data: bytes) -> None:
        """Keep `data` as a file of that name."""

    def read(self, prefix: str) -> Iterator[bytes]:
        """The contents of the files whose names begin with `prefix`."""


class Runner(Protocol):
    """Runs a pipeline somewhere, to its end."""

    def place(self, folder: str) -> AbstractContextManager[Place]:
        """A place for list and results of a load to `folder` that this runner's workers can read and write."""

    def check(self, films: Iterable[Film]) -> None:
        """Raise UsageError where the workers could not read one of the films."""

    def run(self, folder: str, add_steps: Callable[[Any], None]) -> None:
        """Run a pipeline with these steps, which loads to `folder`. Raises CommandError unless all of it was done."""


@dataclass(frozen=True)
class BeamCarry:
    """Brings films to the landing bucket by a pipeline: a `scripts.loading.uploading.Carry`.

    What the bucket's listing shows to be there already needs none; where nothing is left, none is started.
    """

    target: Connection
    syntax: Syntax
    runner: Runner

    def __call__(
        self, sources: Sequence[Source], held: Mapping[str, Stored]
    ) -> Generator[tuple[Source, Outcome], None, None]:
        """Each source with what became of it. Raises CommandError."""
        taken = name_clashes(sources)
        left: dict[str, Source] = {}
        for source in sources:
            outcome = taken.get(source.label) or unchanged(source, held.get(source.object_name))
            if outcome:
                yield source, outcome
            else:
                left[source.object_name] = source
        if left:
            yield from self._carry(left, held)

    def _carry(
        self, left: dict[str, Source], held: Mapping[str, Stored]
    ) -> Generator[tuple[Source, Outcome], None, None]:
        films = [_film(source) for source in left.values()]
        self.runner.check(films)
        folder = top_folder(films[0].object_name)
        with self.runner.place(folder) as place:
            text = "".join(film_line(film) + "\n" for film in films)
            place.write(_WORK, gzip.compress(text.encode(), 6))
            del text, films
            self.runner.run(folder, self._steps(place))
            for name in _RESULTS:
                for data in place.read(f"{name}-"):
                    for line in data.splitlines():
                        object_name, outcome = outcome_of(line.decode(), held)
                        # A runner may give what a repeated bundle said twice: the first counts.
                        source = left.pop(object_name, None)
                        if source is not None:
                            yield source, outcome
        if left:
            remark(f"The pipeline says nothing of {count(len(left), 'film')}.")

    def _steps(self, place: Place) -> Callable[[Any], None]:
        from scripts.chestxrays.beam.steps import BringFilm, add_steps

        bring = BringFilm(self.target.outputs.to_mapping(), self.target.endpoints.to_mapping(), self.syntax.value)
        return lambda pipeline: add_steps(pipeline, bring, f"{place.uri}/{_WORK}", place.uri)


def _film(source: Source) -> Film:
    if isinstance(source, ConvertedFilm | PublicFilm):
        return source
    raise UsageError("A pipeline loads sets of films only: load DICOM files with `python -m scripts load`.")


def failure_of(error: BaseException) -> CommandError:
    """What stopped a pipeline, in the sentence that its worker gave; else by type only: texts could hold patient data.

    Beam knows of an error in another process nothing but the text of its traceback.
    """
    said = [str(error)] if isinstance(error, CommandError) else _SENTENCE.findall(str(error))
    if said:
        return CommandError(_ADDED.sub("", said[-1]).strip())
    return CommandError(f"The pipeline was stopped by an unforeseen {type(error).__name__}: {AGAIN}.")
