"""Every command line in the pages is one: its options are read as the programs read them, and nothing is run."""

import argparse
import importlib.util
from collections.abc import Callable

import pytest
from typer import Exit
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from emulator.__main__ import parser
from engine.layout import ROOT
from infra.keys import KEYS
from scripts.__main__ import app
from tests.documentation.blocks import Command, commands

PYTHON = ("python", ".venv/bin/python")
Check = Callable[[list[str]], str]
_NAMESPACES = ("gcp:",)
"""Of keys of Pulumi's configuration that are not the project's own."""


def _scripts(words: list[str]) -> str:
    """What is wrong with the words after `python -m scripts`, "" for nothing. Files need not be there."""
    command = get_command(app)
    program = "scripts"
    while isinstance(command, TyperGroup):
        if not words or words[0] in ("--help", "--version", "--show-completion"):
            return ""
        name, *words = words
        if name not in command.commands:
            return f"{program} has no command {name}"
        command = command.commands[name]
    assert isinstance(command, TyperCommand)
    try:
        command.make_context(program, list(words))
    except Exit:
        return ""
    except Exception as problem:  # noqa: BLE001 - the classes of Typer's errors are its own
        text = getattr(problem, "message", None) or str(problem)
        return "" if "does not exist" in text else text
    return ""


def _emulator(words: list[str]) -> str:
    try:
        parser().parse_args(words)
    except SystemExit as end:
        return "" if end.code == 0 else "python -m emulator does not take it"
    except argparse.ArgumentError as problem:
        return str(problem)
    return ""


def _pulumi(words: list[str]) -> str:
    """What is wrong with a key that is set or asked for."""
    if words[:1] != ["config"] or words[1:2] not in (["set"], ["get"], ["rm"]):
        return ""
    keys = [word for word in words[2:] if not word.startswith("-")]
    name = keys[0].removeprefix("healthcare-cloud-poc:").split("[")[0].split(".")[0] if keys else ""
    known = {key.name for key in KEYS}
    return "" if name in known or name.startswith(_NAMESPACES) else f"there is no key {name}"


def _problem(words: tuple[str, ...]) -> str:
    """What is wrong with a command, "" for nothing, or for one that is not this project's."""
    program, *rest = words
    if program in PYTHON and rest[:1] == ["-m"]:
        module, *rest = rest[1:]
        known: dict[str, Check] = {"scripts": _scripts, "emulator": _emulator}
        if module in known:
            return known[module](rest)
        return "" if importlib.util.find_spec(module) else f"there is no module {module}"
    if program.endswith("healthcare-cloud"):
        return _scripts(rest)
    if program.endswith("healthcare-emulator"):
        return _emulator(rest)
    if program == "pulumi":
        return _pulumi(rest)
    if program.startswith(("scripts/", "./scripts/")):
        return "" if (ROOT / program).exists() else f"there is no {program}"
    return ""


FOUND = list(commands())


def test_there_are_commands() -> None:
    assert len(FOUND) > 300


@pytest.mark.parametrize("page", sorted({str(command.page.relative_to(ROOT)) for command in FOUND}))
def test_commands_of_a_page_are_commands(page: str) -> None:
    problems = [(command, _problem(command.words)) for command in FOUND if command.page == ROOT / page]
    assert [f"{command}: {problem}" for command, problem in problems if problem] == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("python", "-m", "scripts", "serch"), "has no command serch"),
        (("python", "-m", "scripts", "search", "studies", "--limt", "3"), "--limt"),
        (("python", "-m", "emulator", "begin"), "does not take it"),
        (("pulumi", "config", "set", "locaton", "us"), "no key locaton"),
        (("scripts/demonstrate",), "no scripts/demonstrate"),
        (("python", "-m", "no.such.module"), "no module"),
    ],
)
def test_a_wrong_one_is_found(words: tuple[str, ...], problem: str) -> None:
    try:
        assert problem in _problem(words)
    except ModuleNotFoundError:
        assert "module" in problem


def test_a_command_names_its_place() -> None:
    assert str(Command(ROOT / "README.md", 3, ("a", "b"))) == "README.md:3: a b"
