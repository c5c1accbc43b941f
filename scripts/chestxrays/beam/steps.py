"""The pipeline itself: read the list of work, bring each film to the bucket, write what became of it.

This module is imported by Beam's workers, which have the packages of worker-requirements.txt and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import apache_beam as beam
from apache_beam.io import ReadFromText, WriteToText
from apache_beam.metrics.metric import Metrics

from infra.outputs import Endpoints, Outputs
from scripts.chestxrays.beam.work import film_of, outcome_line
from scripts.chestxrays.convert import Syntax
from scripts.chestxrays.films import Converter
from scripts.connection import Connection
from scripts.errors import CommandError, explain
from scripts.loading.uploading import Stored, Uploader

FAILED = "failed"
"""The output, beside the main one, with the films that could not be brought."""


class BringFilm(beam.DoFn):
    """Converts a film and sends it to the landing bucket, by the very code of a local load.

    Doing it twice does no harm, as Beam may when it tries a bundle again: what the bucket holds is looked up for each
    film, and a write says which generation it replaces. Gives a line of work.outcome_line.
    """

    def __init__(self, outputs: dict[str, Any], endpoints: dict[str, str], syntax: str) -> None:
        """Take what pickles: the outputs and endpoints of a connection as mappings, and a Syntax's value."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._outputs = outputs
        self._endpoints = endpoints
        self._syntax = syntax

    def setup(self) -> None:
        """Make clients and converter, once for each worker."""
        self._opened = ExitStack()
        target = Connection(Outputs.from_mapping(self._outputs), Endpoints(**self._endpoints))
        self._target = self._opened.enter_context(target)
        self._converter = self._opened.enter_context(Converter(Syntax(self._syntax), workers=0))
        self._bucket = target.storage.bucket(target.outputs.landing_bucket)
        self._uploader = Uploader(target, target.outputs.landing_bucket, self._look)
        self._present: Stored | None = None

    def teardown(self) -> None:
        """Close the clients."""
        self._opened.close()

    def process(self, line: str) -> Iterator[Any]:
        """Bring one film. What hits all films alike is raised as one sentence, for Beam to try again or give up."""
        self._present = None
        try:
            film = film_of(line, self._converter, self._target.storage)
            outcome = self._uploader.upload(film)
        except CommandError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again, as a sentence
            # Beam logs what is raised: a client's own text could name more than it should.
            raise explain(error, self._target.surroundings) from None
        said = outcome_line(film, outcome, self._present)
        if outcome.problem:
            Metrics.counter("films", "failed").inc()
            yield beam.pvalue.TaggedOutput(FAILED, said)
            return
        Metrics.counter("films", "sent" if outcome.sent else "there already").inc()
        Metrics.counter("films", "bytes").inc(outcome.sent)
        yield said

    def _look(self, name: str) -> Stored | None:
        blob = self._bucket.get_blob(name)
        self._present = Stored.of(blob) if blob else None
        return self._present


def add_steps(pipeline: Any, bring: BringFilm, work: str, results: str) -> None:
    """Add all steps to a pipeline. `work` is the file with the list, `results` the folder for what becomes of it."""
    lines = pipeline | "Read the list of work" >> ReadFromText(work)
    # One file is read by one worker: from here on all have their share.
    shared = lines | "Share it out" >> beam.Reshuffle()
    brought = shared | "Bring films" >> beam.ParDo(bring).with_outputs(FAILED, main="brought")
    _ = brought.brought | "Write what was brought" >> WriteToText(f"{results}/brought", ".ndjson")
    _ = brought[FAILED] | "Write what failed" >> WriteToText(f"{results}/failed", ".ndjson")
