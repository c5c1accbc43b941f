"""`load`: bring files into the landing bucket, and from there into the DICOM store."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.compound import taking
from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.commands.source_options import loadable_files
from scripts.connection import connect
from scripts.console import confirmed, count, interactive, note, print_json, remark, say
from scripts.errors import CommandError, UsageError
from scripts.loading.wish import SourceKind, Wish

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.loading.chosen import Chosen
    from scripts.loading.running import Load
    from scripts.loading.uploading import Carry


_SHOWN = 5
"""Of what is odd about a set, so many of a kind: a wrong list is wrong in each of its 112,120 lines."""


@taking(wish=loadable_files)
def load(
    *,
    wish: Wish,
    then_import: Annotated[bool, typer.Option("--import", help="Import what was loaded into the DICOM store.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")] = False,
    bandwidth: Annotated[
        float, typer.Option(min=0.001, metavar="MB/s", help="For --dry-run: what the way to the bucket carries.")
    ] = 25.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something that costs money.")] = False,
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load files into the landing bucket.

    DICOM files go as they are; PNG and JPEG images become DICOM by what a list says of them, and the list becomes a
    table in BigQuery. A file that is truncated or no image, or a line of a list that can't be read, is named, and the
    rest is loaded (exit code 3); texts and programs beside images are passed over. Running the command again goes on
    where the last run ended, however that was.
    """
    from scripts.chestxrays.films import Converter
    from scripts.loading.choosing import choose, syntax_of

    with ExitStack() as opened:
        target = opened.enter_context(connect(stack, outputs, store=in_store))
        converter = opened.enter_context(Converter(syntax_of(wish)))
        chosen = choose(target, wish, converter)
        if dry_run:
            _show_plan(target, chosen, converter.workers, bandwidth, as_json=as_json)
            return
        show_oddities(chosen)
        if wish.kind is SourceKind.PUBLIC:
            agree_to_cost(target, chosen, yes=yes)
        done = bring(target, chosen, then_import=then_import, as_json=as_json)
    raise typer.Exit(done.exit_code)


def bring(target: Connection, chosen: Chosen, *, then_import: bool, as_json: bool, carry: Carry | None = None) -> Load:
    """Load what was chosen, import it, load its labels, and say what came of all that.

    `carry` is what brings the files to the bucket; without it, this process does.
    """
    from scripts.chestxrays.labelling import load_labels_of
    from scripts.loading.running import run_load

    done = run_load(target, chosen.sources, then_import=then_import, carry=carry)
    done.left_out = len(chosen.problems)
    if not as_json:
        for each in done.imports:
            try:
                each.show(target)
            except CommandError as error:  # one was cancelled; the rest is as it should be
                remark(str(error))
    if not done.report.left and not done.report.stopped:
        load_labels_of(target, chosen, done)
    if as_json:
        print_json(done.to_json())
    return done


def show_oddities(chosen: Chosen) -> None:
    """Say what of the set is left out, and why."""
    for each in chosen.remarks:
        remark(each)
    if chosen.passed_over:
        names = list(chosen.passed_over)
        note(f"{count(len(names), 'file')} passed over, plainly no image: {_first_of(names)}")
    for problem in chosen.problems[:_SHOWN]:
        remark(problem)
    if more := chosen.problems[_SHOWN:]:
        remark(f"... and {len(more):,} more such remarks: `load --dry-run --json` has them all.")
    if chosen.imageless:
        names = [record.index for record in chosen.imageless]
        remark(f"{count(len(names), 'film')} of the list without an image: {_first_of(names)}")
    if chosen.unlabelled:
        names = list(chosen.unlabelled)
        remark(f"{count(len(names), 'image')} not in the list, and left out: {_first_of(names)}")


def _first_of(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _show_plan(target: Connection, chosen: Chosen, workers: int, bandwidth: float, *, as_json: bool) -> None:
    from scripts.chestxrays.public import public_cost
    from scripts.loading.planning import left_to_load, plan

    left = left_to_load(target, chosen.sources)
    planned = plan(len(chosen.sources), left, workers, bandwidth)
    cost = public_cost(left, target.outputs.project)
    if as_json:
        odd = {
            "without_image": len(chosen.imageless),
            "not_in_list": len(chosen.unlabelled),
            "problems": list(chosen.problems),
            "remarks": list(chosen.remarks),
            "passed_over": list(chosen.passed_over),
        }
        print_json(planned.to_json() | odd | ({"dollars": [cost.least, cost.most]} if cost else {}))
        return
    show_oddities(chosen)
    if cost:
        say(f"{cost}.")
    say(f"Would load into gs://{target.outputs.landing_bucket}: {planned}.")


def agree_to_cost(target: Connection, chosen: Chosen, *, yes: bool) -> None:
    """Say what fetching costs that is left to fetch from the public bucket, and go on only if that is agreed to."""
    from scripts.chestxrays.public import public_cost
    from scripts.loading.planning import left_to_load

    cost = public_cost(left_to_load(target, chosen.sources), target.outputs.project)
    if cost is None:
        return
    remark(f"{cost}.")
    if yes:
        return
    if not interactive():
        raise UsageError("--source public costs money and nobody can agree to that here: use --yes.")
    confirmed("Go on?", abort=True)
