"""Brings the stack up and down with pulumi, showing how far it is."""

import re
from collections.abc import Callable
from pathlib import Path

from engine.console import Step
from scripts.demonstration.children import StepFailed, run_child
from scripts.demonstration.places import STACK, Places

_DONE = re.compile(r"\b(created|updated|deleted|replaced|read|refreshed)\b(?! failed)")
_BUSY = re.compile(r"^\s*[-+~@<>=\s]+\S*?:(\S+) (\S+) (creating|updating|deleting|replacing|refreshing)")
_RESOURCES = re.compile(r"^\s+[-+~ ]*\s*(\d+) (created|updated|deleted|replaced|unchanged|changed)\b", re.MULTILINE)


class Stack:
    """The stack of one demonstration."""

    def __init__(self, places: Places, credentials: dict[str, str]) -> None:
        """Take the places, and the variables that lead to the running emulator."""
        self.places = places
        self.environment = {**places.pulumi_environment(), **credentials}

    def exists(self) -> bool:
        """True if an earlier run made the stack."""
        code, _ = self._pulumi(["stack", "select", "--stack", STACK], lambda _: None)
        return code == 0

    def up(self, current: Step) -> None:
        """Make the declared resources be there; what the emulator has lost is made again.

        Raises:
            StepFailed: with pulumi's reason.
        """
        self._must(["stack", "select", "--create", STACK], current)
        said = self._must(["up", "--yes", "--skip-preview", "--refresh", *self._settings()], current)
        self.places.outputs.write_text(self._must(["stack", "output", "--json", "--stack", STACK], current))
        current.result(summary(said))

    def destroy(self, current: Step) -> None:
        """Delete all resources, then the stack itself.

        Raises:
            StepFailed: with pulumi's reason.
        """
        said = self._must(["destroy", "--yes", "--skip-preview", "--refresh", *self._settings()], current)
        self._must(["stack", "rm", "--yes", "--preserve-config", "--stack", STACK], current)
        current.result(summary(said))

    def _settings(self) -> list[str]:
        return ["--stack", STACK, "--config-file", str(self.places.config), "--suppress-outputs", "--diff=false"]

    def _must(self, arguments: list[str], current: Step) -> str:
        done = 0

        def show(line: str) -> None:
            nonlocal done
            busy = _BUSY.match(line)
            if busy:
                current.progress(f"{done} done, {busy[3]} {busy[1]} {busy[2]}")
            elif _DONE.search(line):
                done += 1

        code, said = self._pulumi(arguments, show)
        if code:
            log = self.places.results / f"pulumi-{arguments[0]}.log"
            log.write_text(said)
            raise StepFailed(reason(said, log))
        return said

    def _pulumi(self, arguments: list[str], on_line: Callable[[str], None]) -> tuple[int, str]:
        """Run pulumi. Its lines on both channels, but for outputs, which are standard output alone."""
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        wanted = None if arguments[:2] == ["stack", "output"] else on_line
        return run_child(command, self.environment, self.places.layout.root, wanted)


def summary(said: str) -> str:
    """What `pulumi up` did, such as `38 created` or `38 unchanged`."""
    _, _, resources = said.rpartition("Resources:")
    counts = [f"{number} {verb}" for number, verb in _RESOURCES.findall(resources)]
    return ", ".join(counts) or "nothing to do"


def reason(said: str, log: Path) -> str:
    """Why pulumi failed, and what to do, in as few words as there are."""
    if "already exists" in said or "alreadyExists" in said:
        remedy = "the emulator holds resources that this stack does not know; empty it with `python -m emulator reset`"
    elif "currently locked" in said:
        remedy = (
            "another pulumi works on this stack, or one was killed; if none runs, remove its lock with "
            '`eval "$(scripts/setup --env local)" && pulumi cancel --stack local`'
        )
    else:
        remedy = "mend that"
    lines = [line.strip() for line in said.splitlines()]
    errors = [line.removeprefix("error:").strip() for line in lines if line.startswith(("error:", "* "))]
    shown = next((line for line in errors if line and not line.startswith("update failed")), lines[-1] if lines else "")
    return f"pulumi says: {shown[:500]} (all of it: {log}); {remedy}, then run scripts/demo again."
