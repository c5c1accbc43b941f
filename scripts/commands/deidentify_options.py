"""What the commands of `deidentify` have in common: recipe, key, dry run, preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.options import JsonOption
from scripts.console import count, note, print_json, print_table, remark, say
from scripts.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from emulator.deidentify.dicom.report import Row
    from emulator.deidentify.keys import Secret
    from emulator.deidentify.settings import Settings
    from scripts.deidentify.recipes import Recipe
    from scripts.storing.candidates import Candidate

RecipeOption = Annotated[
    str, typer.Option("--recipe", help="A named recipe: `deidentify recipes` lists them. Default: ps315-basic.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A file with Google's DeidentifyConfig in JSON, instead of a recipe.")
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key",
        help="A file with a key of 16, 24 or 32 bytes, plain or in base64: with the same key the same study gets the"
        " same ids and dates. Default: a new key each time.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show attribute by attribute what would change; nothing is written.")
]
PreviewOption = Annotated[
    Path | None,
    typer.Option("--preview", help="Write pictures with the boxes that would be blackened into this folder."),
]


def recipes(*, as_json: JsonOption = False) -> None:
    """List the recipes."""
    from scripts.deidentify.recipes import all_recipes

    found = all_recipes()
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        say(f"{each.name}: {each.description}")


def chosen(recipe: str, config: Path | None) -> Recipe:
    """The recipe of the options. Raises UsageError."""
    from scripts.deidentify.recipes import DEFAULT, named, of_file

    if config is not None and recipe:
        raise UsageError("--recipe and --config exclude each other.")
    return of_file(config) if config is not None else named(recipe or DEFAULT)


def keyed(recipe: Recipe, key: Path | None) -> tuple[dict[str, Any], Secret | None]:
    """The recipe's config with the key of the options, and that key; None for none. Raises UsageError."""
    from scripts.deidentify.recipes import read_key, with_key

    if key is None:
        return recipe.config, None
    secret = read_key(key)
    return with_key(recipe.config, secret), secret


def show_plan(settings: Settings, candidates: Sequence[Candidate], *, as_json: bool) -> None:
    """Show what would become of files. Raises CommandError for one that is no sound DICOM."""
    from scripts.deidentify.plans import changed, plan

    plans = {each.label: plan(settings, each.path, each.label) for each in candidates}
    if as_json:
        print_json({label: [asdict(row) for row in rows] for label, rows in plans.items()})
        return
    for label, rows in plans.items():
        found = changed(rows)
        say(f"{label}: {count(len(found), 'attribute')} of {len(rows)} would change")
        print_table(("attribute", "before", "after", "why"), [_row(row) for row in found])
    remark("Nothing was written.")


def _row(row: Row) -> tuple[str, ...]:
    after = "(removed)" if row.after is None else row.after or "(empty)"
    return row.keyword or row.path, row.before, after, row.why


def show_previews(settings: Settings, candidates: Sequence[Candidate], to: Path) -> ExitCode:
    """Write pictures of files, and say how many boxes each has."""
    from scripts.deidentify.previews import previews

    failed = 0
    for label, boxes, problem in previews(settings, candidates, to):
        if problem:
            failed += 1
            remark(f"no picture: {label}: {problem}")
        else:
            say(f"{label}: {count(boxes, 'box', 'boxes')}")
    note(f"Pictures written to {to}; their left halves show patients' data.")
    return ExitCode.of(failed=failed, done=len(candidates) - failed)
