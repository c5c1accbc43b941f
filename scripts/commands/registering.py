"""How every command is registered: the option that all have, and help in plain words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from scripts.console import be_quiet

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print results and what went wrong, no progress and no remarks.")
]


def _with_quiet(function: Callable[..., None]) -> Callable[..., None]:
    hints = {**get_type_hints(function, include_extras=True), "quiet": QuietOption}
    parameters = [each.replace(annotation=hints[each.name]) for each in inspect.signature(function).parameters.values()]
    quiet_parameter = inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=QuietOption)

    @wraps(function)
    def run(*, quiet: bool, **values: Any) -> None:
        be_quiet(wanted=quiet)
        function(**values)

    run.__signature__ = inspect.Signature([*parameters, quiet_parameter])  # type: ignore[attr-defined]
    run.__annotations__ = hints
    return run


class PlainCommand(TyperCommand):
    """A command whose help says TEXT, N and PATH, where Typer would say `<list[str]>` and `<int range>`."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        for parameter in self.params:
            if isinstance(parameter, TyperOption) and not parameter.is_flag and parameter.metavar is None:
                parameter.metavar = _kind(parameter)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the arguments, then the options."""
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if isinstance(parameter, TyperArgument):
                name = parameter.display_name_raw.upper()
                choices = f" {_kind(parameter)}" if parameter.type_descriptor.is_choice else ""
                rows["Arguments"].append((name + choices, record[1]))
            else:
                rows["Options"].append(record)
        for title, described in rows.items():
            if described:
                with formatter.section(title):
                    formatter.write_dl(described)


def register(
    app: typer.Typer, name: str, function: Callable[..., None], cls: type[PlainCommand] = PlainCommand
) -> None:
    """Make `function` the command `name` of `app`; it also gets the option --quiet. cls reads its arguments."""
    app.command(name, cls=cls)(_with_quiet(function))


def _kind(parameter: TyperArgument | TyperOption) -> str:
    """What a person may write there."""
    described = parameter.type_descriptor
    if described.is_choice:
        return "|".join(str(choice) for choice in described.choices or ())
    if described.is_path:
        return "PATH"
    if described.is_ranged or described.annotation in (int, float):
        return "N"
    return "TEXT"
