"""Beam's direct runner: the pipeline on this machine, to rehearse and to test it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.chestxrays.beam.carrying import AGAIN, failure_of
from scripts.chestxrays.beam.work import Film
from scripts.errors import CommandError, ExitCode

INSTALL = "run `.venv/bin/pip install -r requirements-dataflow.txt`"


class LocalPlace:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.uri = str(folder)
        self._folder = folder

    def write(self, name: str, data: bytes) -> None:
        """Keep `data` as a file of that name."""
        (self._folder / name).write_bytes(data)

    def read(self, prefix: str) -> Iterator[bytes]:
        """The contents of the files whose names begin with `prefix`."""
        return (path.read_bytes() for path in sorted(self._folder.glob(f"{prefix}*")))


class DirectRunner:
    """Runs pipelines in this process; `options` are Beam's own. Raises CommandError where Beam is not installed.

    Beam's direct runner could use more processes, but each takes longer to start than a rehearsal to run.
    """

    def __init__(self, **options: Any) -> None:
        if find_spec("apache_beam") is None:
            raise CommandError(f"Apache Beam is not installed: {INSTALL}.")
        self._options = options

    @contextmanager
    def place(self, folder: str) -> Iterator[LocalPlace]:  # noqa: ARG002 - where it loads to is no matter here
        """A folder that is gone afterwards."""
        with TemporaryDirectory(prefix="chest-x-rays-") as made:
            yield LocalPlace(Path(made))

    def check(self, films: Iterable[Film]) -> None:
        """This machine reads all that a local load reads."""

    def run(self, folder: str, add_steps: Callable[[Any], None]) -> None:  # noqa: ARG002 - as for place
        """Run a pipeline to its end. Raises CommandError with what stopped it."""
        from apache_beam import Pipeline
        from apache_beam.options.pipeline_options import PipelineOptions

        # By its name: what Beam calls DirectRunner fetches a program from the network first.
        from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

        pipeline = Pipeline(runner=FnApiRunner(), options=PipelineOptions([], **self._options))
        add_steps(pipeline)
        try:
            pipeline.run().wait_until_finish()
        except KeyboardInterrupt:
            raise CommandError(f"Stopped: {AGAIN}.", ExitCode.PARTLY_DONE) from None
        except Exception as error:
            raise failure_of(error) from error
