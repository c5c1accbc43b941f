"""The page docs/emulator-commands.md: every command of `python -m emulator` with its options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from documentation.tables import MADE, code, row
from emulator.__main__ import parser

_HEAD = f"""# Commands of the emulator

{MADE}

Every command of `python -m emulator`, or of `healthcare-emulator`, which is the same program. How they are used is told
in [Use the emulator](how-to/use-the-emulator.md).
"""


def page() -> str:
    """The page, as Markdown."""
    top = parser()
    (commands,) = (each for each in top._actions if isinstance(each, argparse._SubParsersAction))  # noqa: SLF001 - argparse shows them nowhere else
    helps = {each.dest: each.help or "" for each in commands._choices_actions}  # noqa: SLF001
    parts = [_HEAD]
    for name, command in commands.choices.items():
        parts += [f"## {name}\n", _sentence(helps[name]), *_table(command)]
    return "\n".join(parts)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}.\n"


def _table(command: argparse.ArgumentParser) -> Iterator[str]:
    formatter = command._get_formatter()  # noqa: SLF001
    rows = []
    for each in command._actions:  # noqa: SLF001
        if isinstance(each, argparse._HelpAction):  # noqa: SLF001
            continue
        name = formatter._format_action_invocation(each)  # noqa: SLF001
        rows.append(row(code(name), formatter._expand_help(each) if each.help else ""))  # noqa: SLF001
    if rows:
        yield "\n".join(["| argument or option | meaning |", "|---|---|", *rows]) + "\n"
