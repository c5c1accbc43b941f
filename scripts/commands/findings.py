"""Results of checks as `status`, `preflight` and `deliveries` show them."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import typer

from infra.outputs import Outputs
from scripts.checks import Result, State
from scripts.console import print_json, say
from scripts.errors import ExitCode

_COLOURS = {"ok": typer.colors.GREEN, "failed": typer.colors.RED, "unknown": typer.colors.YELLOW}


def show(outputs: Outputs, results: Iterable[Result], *, as_json: bool) -> list[Result]:
    """Print the results of checks on a stack, each as it is known; gives them back."""
    found: list[Result] = []
    if not as_json:
        say(f"stack {outputs.stack} ({outputs.environment}), project {outputs.project}, {outputs.location}")
    for result in results:
        found.append(result)
        if not as_json:
            _say(result)
    if as_json:
        checks = [{"check": each.name, "state": str(each.state), "detail": each.detail} for each in found]
        print_json({"stack": outputs.stack, "project": outputs.project, "checks": checks})
    return found


def exit_unless_decided(results: Iterable[Result]) -> None:
    """Exit with code 1 where a check failed, with 3 where none did but one could not be decided."""
    states = {each.state for each in results}
    if State.FAILED in states:
        raise typer.Exit(ExitCode.FAILED)
    if State.UNKNOWN in states:
        raise typer.Exit(ExitCode.PARTLY_DONE)


def _say(result: Result) -> None:
    word = f"{result.state:8}"
    shown = typer.style(word, fg=_COLOURS[result.state]) if sys.stdout.isatty() else word
    say(f"{shown} {result.name}: {result.detail}")
