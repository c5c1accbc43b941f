"""`status`: is everything there, granted and reachable?"""

from __future__ import annotations

import sys

import typer

from scripts.checks import Result, State, run_checks
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import print_json, say
from scripts.errors import ExitCode

_COLOURS = {"ok": typer.colors.GREEN, "failed": typer.colors.RED, "unknown": typer.colors.YELLOW}


def status(*, stack: StackOption = None, outputs: OutputsOption = None, as_json: JsonOption = False) -> None:
    """Check that all is there, granted and reachable.

    Each failure is shown with its remedy. Exit code 1 when something fails. What this account may not look at is
    shown as unknown.
    """
    target = connect(stack, outputs, must_run=False)
    found = target.outputs
    results: list[Result] = []
    if not as_json:
        say(f"stack {found.stack} ({found.environment}), project {found.project}, {found.location}")
    with target:
        for result in run_checks(target):
            results.append(result)
            if not as_json:
                _show(result)
    if as_json:
        checks = [{"check": each.name, "state": str(each.state), "detail": each.detail} for each in results]
        print_json({"stack": found.stack, "project": found.project, "checks": checks})
    if any(each.state == State.FAILED for each in results):
        raise typer.Exit(ExitCode.FAILED)


def _show(result: Result) -> None:
    word = f"{result.state:8}"
    shown = typer.style(word, fg=_COLOURS[result.state]) if sys.stdout.isatty() else word
    say(f"{shown} {result.name}: {result.detail}")
