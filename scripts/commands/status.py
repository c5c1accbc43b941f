"""`status`: is everything there, granted and reachable?"""

from __future__ import annotations

import typer

from scripts.checks import State, run_checks
from scripts.commands.findings import show
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.errors import ExitCode


def status(*, stack: StackOption = None, outputs: OutputsOption = None, as_json: JsonOption = False) -> None:
    """Check that all is there, granted and reachable.

    Each failure is shown with its remedy. Exit code 1 when something fails. What this account may not look at is
    shown as unknown.
    """
    with connect(stack, outputs, must_run=False) as target:
        results = show(target.outputs, run_checks(target), as_json=as_json)
    if any(each.state == State.FAILED for each in results):
        raise typer.Exit(ExitCode.FAILED)
