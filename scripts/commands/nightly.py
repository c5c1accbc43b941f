"""`nightly`: what is done each night, by hand, and what a scheduler needs for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.options import OutputsOption, StackOption
from scripts.commands.registering import register
from scripts.console import count, note, print_json
from scripts.errors import UsageError
from scripts.nightly.parameters import Destination, Parameters
from scripts.stack import read_outputs

app = typer.Typer(
    help="Load, import, label, de-identify, export, verify and report what is new.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


def run(
    *,
    parameters: Annotated[
        Path | None,
        typer.Option(help="A file that `nightly parameters` has made. Default: the selected stack, with no wishes."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="What the run is called, as the date that it is of. Default: today's date, in UTC.")
    ] = "",
) -> None:
    """Do all steps, one after another.

    Each does what is new and leaves what is done: a run after one that was ended goes on where that was. The report is
    written to .nightly/NAME.json in the export bucket; exit code 3 where something in it failed, 1 where a step did not
    end.
    """
    from scripts.nightly.running import run as run_all

    wanted = Parameters.from_file(parameters) if parameters else Parameters(read_outputs())
    note(f"Report: {run_all(wanted, name or f'{datetime.now(UTC):%Y-%m-%d}')}")


def parameters(
    *,
    source: Annotated[
        str, typer.Option(help="A folder or gs://BUCKET/FOLDER that is loaded first. Default: only what has landed.")
    ] = "",
    labels: Annotated[str, typer.Option(help="The list in it that says what the images show.")] = "",
    key: Annotated[
        str,
        typer.Option(help="The file with the key for de-identification, as the run finds it. Default: none is done."),
    ] = "",
    recipe: Annotated[str, typer.Option(help="The recipe for it. Default: ps315-basic.")] = "",
    to: Annotated[
        list[Destination] | None,
        typer.Option("--to", help="Where stores are exported to. Repeatable. Default: both."),
    ] = None,
    resources: Annotated[
        str, typer.Option(help="A folder or gs://BUCKET/PATTERN of FHIR resources that are loaded. Default: none are.")
    ] = "",
    fhir_store: Annotated[
        str, typer.Option(help="The FHIR store that they are loaded into. Default: the stack's only one.")
    ] = "",
    only_dicom: Annotated[
        bool, typer.Option("--only-dicom", help="Leave FHIR and HL7v2 stores alone. Default: all stores are exported.")
    ] = False,
    stack: StackOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Print what a nightly run needs to know, for --parameters or a variable of Airflow's.

    It holds the stack's outputs, and no secret: of a key only the name of its file.
    """
    from scripts.deidentify.recipes import named

    if recipe and not key:
        raise UsageError("--recipe needs --key: with another key each night a study would get another twin each night.")
    if recipe:
        named(recipe)
    if labels and not source:
        raise UsageError("--labels names a list in --source.")
    if fhir_store and not resources:
        raise UsageError("--fhir-store says where --resources are loaded.")
    if only_dicom and resources:
        raise UsageError("--only-dicom and --resources exclude each other.")
    wanted = tuple(to) if to else Parameters.exports
    given = read_outputs(stack, outputs)
    chosen = Parameters(given, source, labels, recipe, key, wanted, resources, fhir_store, all_kinds=not only_dicom)
    print_json(chosen.to_mapping())


def pack(
    folder: Annotated[Path, typer.Argument(help="The folder to write to; it is made where it is not there.")],
) -> None:
    """Copy the DAG, and the code that it imports, into a folder, for Airflow's folder of DAGs."""
    from scripts.nightly.packing import pack as pack_all

    note(f"{count(pack_all(folder), 'file')} in {folder}: copy what it holds into Airflow's folder of DAGs.")


register(app, "run", run)
register(app, "pack", pack)
register(app, "parameters", parameters)
