"""`pipeline`: load a set of chest X-rays as an Apache Beam pipeline, here or on Dataflow."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.compound import taking
from scripts.commands.load import agree_to_cost, bring, show_oddities
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.commands.source_options import (
    ColumnOption,
    LabelsOption,
    PrefixOption,
    SyntaxOption,
    columns_of,
    film_selection,
)
from scripts.connection import connect
from scripts.errors import UsageError
from scripts.loading.wish import PublicFormat, SourceKind

if TYPE_CHECKING:
    from scripts.chestxrays.beam.carrying import Runner
    from scripts.chestxrays.selection import Selection
    from scripts.connection import Connection

MACHINE, WORKERS = "e2-standard-2", 10


class RunnerName(StrEnum):
    """What runs the pipeline."""

    DIRECT = "direct"
    DATAFLOW = "dataflow"


class SetKind(StrEnum):
    """Where a set comes from."""

    KAGGLE = "kaggle"
    PUBLIC = "public"


@taking(selection=film_selection)
def pipeline(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH|gs://BUCKET/FOLDER",
            help="The set's folder, with its zips or unpacked, or its zip; for `--source public` the folder with NIH's"
            " lists.",
        ),
    ] = None,
    *,
    kind: Annotated[
        SetKind,
        typer.Option(
            "--source",
            help="`kaggle`: an archive, or any images with a CSV, in a folder here or at gs://. `public`: Google's"
            " bucket, whose readers pay.",
        ),
    ] = SetKind.KAGGLE,
    runner: Annotated[
        RunnerName, typer.Option("--runner", help="`direct`: this machine. `dataflow`: machines of Google's.")
    ] = RunnerName.DIRECT,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help=f"For Dataflow: at most so many machines. Default: {WORKERS}."),
    ] = None,
    machine: Annotated[
        str | None, typer.Option("--machine", help=f"For Dataflow: the workers' machine type. Default: {MACHINE}.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="For Dataflow: where it runs. Default: the stack's region.")
    ] = None,
    subnetwork: Annotated[
        str | None,
        typer.Option(metavar="regions/R/subnetworks/NAME", help="For Dataflow: the workers' network."),
    ] = None,
    public_addresses: Annotated[
        bool,
        typer.Option(
            "--public-addresses",
            help="For Dataflow: give workers public addresses, which they need where the subnetwork has no Private"
            " Google Access.",
        ),
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="For Dataflow: start the job and leave it to itself.")
    ] = False,
    prefix: PrefixOption = None,
    format_: Annotated[
        PublicFormat | None,
        typer.Option("--format", help="For `--source public`: NIH's PNG files (the default), or Google's DICOM files."),
    ] = None,
    labels: LabelsOption = None,
    column: ColumnOption = None,
    syntax: SyntaxOption = None,
    selection: Selection,
    then_import: Annotated[bool, typer.Option("--import", help="Import what was loaded into the DICOM store.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something that costs money.")] = False,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a set of chest X-rays as an Apache Beam pipeline.

    Does what `load` does, with the same result: objects, marks, instances and labels. Each goes on where the other
    ended, and `verify` takes either. Only the converting and sending is done by the pipeline's workers; a film that
    fails is named, and the rest is loaded (exit code 3).
    """
    from scripts.chestxrays.beam.carrying import BeamCarry
    from scripts.chestxrays.films import Converter
    from scripts.loading.choosing import choose, syntax_of
    from scripts.loading.wish import Wish

    if not source and kind is not SetKind.PUBLIC:
        raise UsageError("Nothing to load: name the set's folder or zip, here or at gs://, or use --source public.")
    if kind is SetKind.PUBLIC:
        format_ = format_ or PublicFormat.PNG
    wish = Wish(
        SourceKind(kind.value),
        source,
        selection,
        prefix=prefix,
        labels=labels,
        columns=columns_of(column),
        format_=format_,
        syntax=syntax,
    )
    options = Options(runner, workers, machine, region, subnetwork, public_addresses, no_wait)
    with ExitStack() as opened:
        target = opened.enter_context(connect(stack, outputs))
        carry = BeamCarry(target, syntax_of(wish), options.runner_for(target))
        chosen = choose(target, wish, opened.enter_context(Converter(carry.syntax)))
        show_oddities(chosen)
        if kind is SetKind.PUBLIC:
            agree_to_cost(target, chosen, yes=yes)
        done = bring(target, chosen, then_import=then_import, as_json=as_json, carry=carry)
    raise typer.Exit(done.exit_code)


@dataclass(frozen=True)
class Options:
    """What was said of the runner."""

    runner: RunnerName
    workers: int | None
    machine: str | None
    region: str | None
    subnetwork: str | None
    public_addresses: bool
    no_wait: bool

    def runner_for(self, target: Connection) -> Runner:
        """The runner for a stack. Raises UsageError for options that do not fit, and CommandError."""
        if self.runner is RunnerName.DATAFLOW:
            from scripts.chestxrays.beam.dataflow import DataflowRunner, Machines

            machines = Machines(
                self.machine or MACHINE, self.workers or WORKERS, self.region, self.subnetwork, self.public_addresses
            )
            return DataflowRunner(target, machines, wait=not self.no_wait)
        said = (self.workers, self.machine, self.region, self.subnetwork, self.public_addresses, self.no_wait)
        if any(said):
            raise UsageError(
                "--workers, --machine, --region, --subnetwork, --public-addresses and --no-wait are for"
                " --runner dataflow only."
            )
        from scripts.chestxrays.beam.direct import DirectRunner

        return DirectRunner()
