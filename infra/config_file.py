"""Which file holds the stack's configuration: messages name the one that the person has to mend."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_FLAG = "--config-file"
_VARIABLE = "PULUMI_OPTION_CONFIG_FILE"  # the engine takes any flag from such a variable
_GENERATIONS = 8


def config_file(stack: str, environ: Mapping[str, str]) -> str:
    """The file that was given to pulumi with --config-file, as it was given; else the stack's own.

    The engine does not tell the program, so this looks at the command lines above it, on Linux. Elsewhere a file that
    was given by the flag is not known, and the stack's own is named.
    """
    for arguments in _command_lines_above():
        if given := _option(arguments):
            return given
    return environ.get(_VARIABLE) or f"Pulumi.{stack}.yaml"


def _option(arguments: Sequence[str]) -> str | None:
    """The value of the flag in a command line of pulumi."""
    if not arguments or Path(arguments[0]).name != "pulumi":
        return None
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == _FLAG:
            return value if equals else following
    return None


def _command_lines_above() -> Iterator[list[str]]:
    """The command lines of this process's parent, its parent, and so on."""
    process = os.getppid()
    for _ in range(_GENERATIONS):
        folder = Path("/proc", str(process))
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            # The name of the program, in brackets, may hold anything; state and parent follow it.
            process = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
        yield words[:-1]
