"""Options that are written once and taken by several commands."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from scripts.commands.compound import taking
from scripts.errors import UsageError


def size(
    *,
    width: Annotated[int, typer.Option(min=1)] = 3,
    height: Annotated[int, typer.Option(min=1)] = 2,
) -> tuple[int, int]:
    if width * height > 100:
        raise UsageError("too large")
    return width, height


@taking(box=size)
def place(name: Annotated[str, typer.Argument()], *, box: tuple[int, int]) -> str:
    return f"{name} of {box[0]} x {box[1]}"


@taking(where=place)
def show(*, where: str, loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
    """Show a place."""
    typer.echo(where.upper() if loud else where)


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer(rich_markup_mode=None, add_completion=False)
    made.command()(show)
    return made


def test_a_command_takes_the_options_of_what_it_takes(app: typer.Typer) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["box"]).output == "box of 3 x 2\n"
    assert runner.invoke(app, ["--height", "9", "box", "--loud"]).output == "BOX OF 3 X 9\n"
    assert runner.invoke(app, ["box", "--width", "0"]).exit_code == 2
    assert runner.invoke(app, []).exit_code == 2
    helped = runner.invoke(app, ["--help"]).output
    assert "Show a place." in helped
    assert all(option in helped for option in ("--width", "--height", "--loud", "name"))


def test_what_makes_the_value_may_refuse(app: typer.Typer) -> None:
    assert isinstance(CliRunner().invoke(app, ["box", "--width", "99"]).exception, UsageError)
