"""`policy`: does the stack keep the rules that every environment has to keep?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.options import JsonOption, StackOption
from scripts.console import print_json, say
from scripts.errors import CommandError, ExitCode, UsageError
from scripts.stack import read_state, stack_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.policy.graph import Graph, Violation


def policy(
    *,
    stack: StackOption = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="A file of `pulumi preview --json` or `pulumi stack export`, instead of the stack's state.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check what a stack declares, or a preview would, against the rules of infra/policy.

    Exit code 1 when a rule is broken; each violation names the resource and what to do.
    """
    from infra.policy.checking import check

    if file and stack:
        raise UsageError("--stack and --file exclude each other: the file already says which stack it is of.")
    found = check(_graph(stack, file))
    if as_json:
        print_json({name: [asdict(each) for each in broken] for name, broken in found.items()})
    else:
        _show(found)
    if any(found.values()):
        raise typer.Exit(ExitCode.FAILED)


def _show(found: Mapping[str, Sequence[Violation]]) -> None:
    from infra.policy.checking import DESCRIPTIONS

    for name, broken in found.items():
        say(f"{'failed' if broken else 'ok':8} {name}: {DESCRIPTIONS[name]}")
        for each in broken:
            say(f"{'':8} {each.resource or 'the stack'}: {each.sentence}")


def _graph(stack: str | None, file: Path | None) -> Graph:
    from infra.policy.reading import PolicyError, read

    try:
        if file is None:
            return read(read_state(stack_name(stack)))
        return read(file.read_text(encoding="utf-8"))
    except PolicyError as error:
        raise CommandError(str(error)) from None
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"The file {file} can't be read.") from None
