"""The page docs/commands.md: every command of `python -m scripts` with its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator

from typer import Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from documentation.tables import MADE, code, row
from scripts.__main__ import app

_HEAD = f"""# Commands

{MADE}

Every command of `python -m scripts`, or of `healthcare-cloud`, which is the same program. Exit codes: 0 done, 1 failed,
2 wrong use, 3 partly done, 130 stopped with Ctrl-C. What the commands are for is told in the
[how-tos](how-to/use-the-emulator.md).
"""
_COMMON = frozenset(("--help",))


def page() -> str:
    """The page, as Markdown."""
    top = get_command(app)
    assert isinstance(top, TyperGroup)
    return "\n".join([_HEAD, *_parts(top, "python -m scripts")])


def _parts(group: TyperGroup, program: str) -> Iterator[str]:
    """The commands of a group in its order, those of groups in it in the place of these."""
    for name, command in group.commands.items():
        path = f"{program} {name}"
        yield f"## {path.removeprefix('python -m scripts ')}\n"
        assert isinstance(command, TyperCommand | TyperGroup)
        yield _text(command)
        if isinstance(command, TyperGroup):
            yield from _parts(command, path)
        else:
            yield _usage(command, path)
            yield from _table(command, path)


def _text(command: TyperCommand | TyperGroup) -> str:
    """What a command is for, its paragraphs as they are."""
    paragraphs = (command.help or "").replace("\b", "").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs if each.strip()) + "\n"


def _usage(command: TyperCommand, path: str) -> str:
    context = Context(command, info_name=path)
    return f"```text\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```\n"


def _table(command: TyperCommand, path: str) -> Iterator[str]:
    context = Context(command, info_name=path)
    records = (each.get_help_record(context) for each in command.params if not _COMMON.intersection(each.opts))
    rows = [row(code(name), text) for name, text in filter(None, records)]
    if rows:
        yield "\n".join(["| argument or option | meaning |", "|---|---|", *rows]) + "\n"
