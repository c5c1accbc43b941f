"""Nightly steps with errors in one sentence, alone or all of them in one process, where no Airflow looks after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scripts.console import remark
from scripts.errors import CommandError, explain
from scripts.nightly.reporting import report
from scripts.nightly.steps import STEPS

if TYPE_CHECKING:
    from scripts.nightly.counts import Counts
    from scripts.nightly.parameters import Parameters


@contextmanager
def plainly() -> Iterator[None]:
    """Raise what goes wrong inside as a CommandError alone, without the client's error behind it.

    Schedulers log all of a traceback, and the text of a client's error may name a patient.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is becomes one sentence
        raise explain(error) from None


def do(step: str, parameters: Parameters) -> Counts:
    """Do one step; gives what it counted. Raises CommandError, as `plainly` does."""
    with plainly():
        return STEPS[step](parameters)


def tell(parameters: Parameters, name: str, found: Mapping[str, Counts | None]) -> str:
    """Report, as `reporting.report` does. Raises CommandError, as `plainly` does."""
    with plainly():
        return report(parameters, name, found)


def run(parameters: Parameters, name: str) -> str:
    """Do all steps, and report; gives the report's URI. A step that fails ends the run, but for its report.

    Raises CommandError where something failed.
    """
    found: dict[str, Counts | None] = {}
    for step in STEPS:
        try:
            found[step] = do(step, parameters)
        except CommandError as error:
            remark(f"{step}: {error}")
            break
    return tell(parameters, name, found)
