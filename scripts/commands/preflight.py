"""`preflight`: what stands in the way of `pulumi up`, and what a stack that is up lacks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.checks import Result, State, run_checks
from scripts.commands.findings import exit_unless_decided, show
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect, connect_to
from scripts.errors import CommandError, UsageError
from scripts.stack import read_configuration, stack_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.settings import Settings


def preflight(
    *,
    before: Annotated[
        bool, typer.Option("--before", help="Look at what `pulumi up` would need; the stack need not be there.")
    ] = False,
    configuration: Annotated[
        Path | None,
        typer.Option(
            "--configuration", help="A file of `pulumi config --json`, with --before, instead of asking Pulumi."
        ),
    ] = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what stands in the way, before `pulumi up` (--before) and after it, each with its remedy.

    Before: APIs, billing, this account's permissions, names that are taken, the key, organization policies. After: what
    `status` checks, and every grant that an account or agent works with. Exit code 1 when something fails, 3 when
    nothing fails but something can't be decided.
    """
    if configuration and not before:
        raise UsageError("--configuration says what would be made: give --before with it.")
    exit_unless_decided(_before(stack, configuration, as_json) if before else _after(stack, outputs, as_json))


def _before(stack: str | None, configuration: Path | None, as_json: bool) -> list[Result]:
    from scripts.preflight import before, planned

    settings = _settings(stack_name(stack), configuration)
    with connect_to(planned.outputs(settings)) as target:
        return show(target.outputs, run_checks(target, before.checks(target, settings)), as_json=as_json)


def _settings(stack: str, configuration: Path | None) -> Settings:
    """The settings of a stack, checked as the program checks them; every problem is told at once."""
    from infra.settings import TOKEN_VARIABLE, SettingsError, parse

    try:
        # The commands find the emulator's token by themselves, so its absence is no problem of the configuration.
        return parse(read_configuration(stack, configuration), stack, {TOKEN_VARIABLE: "found later", **os.environ})
    except SettingsError as error:
        raise CommandError(" ".join(error.problems)) from None


def _after(stack: str | None, outputs: Path | None, as_json: bool) -> list[Result]:
    from scripts.preflight import after

    def results() -> Iterable[Result]:
        for result in run_checks(target):
            yield result
            if result.name in ("service", "credentials") and result.state != State.OK:
                return
        yield from run_checks(target, after.checks(target))

    with connect(stack, outputs, must_run=False) as target:
        return show(target.outputs, results(), as_json=as_json)
