"""`load`: bring DICOM files into the landing bucket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.connection import connect
from scripts.console import JsonOption, OutputsOption, StackOption, print_json
from scripts.errors import UsageError

if TYPE_CHECKING:
    from scripts.loading.sources import Source


def load(
    source: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A folder of DICOM files, or one file.")
    ] = None,
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Load the real radiographs that ship with pydicom.")] = False,
    synthetic: Annotated[
        int, typer.Option("--synthetic", min=0, metavar="N", help="Load N made-up chest films, marked as synthetic.")
    ] = 0,
    prefix: Annotated[
        str | None, typer.Option(help="Folder in the bucket. Default: the folder's name, `sample` or `synthetic`.")
    ] = None,
    then_import: Annotated[bool, typer.Option("--import", help="Import what was loaded into the DICOM store.")] = False,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load DICOM files into the landing bucket.

    Each file is checked before it is sent: one that is truncated or not DICOM is named, and the rest is loaded
    (exit code 3). Running the command again sends only what is not there yet.
    """
    from scripts.loading.running import run_load

    if not source and not sample and not synthetic:
        raise UsageError("Nothing to load: name a folder, or use --sample or --synthetic N.")
    with connect(stack, outputs) as target:
        sources = _sources(source, sample=sample, synthetic=synthetic, prefix=prefix)
        load = run_load(target, sources, then_import=then_import)
        if as_json:
            print_json(load.to_json())
        for each in load.imports:
            each.show(target)
    raise typer.Exit(load.exit_code)


def _sources(source: Path | None, *, sample: bool, synthetic: int, prefix: str | None) -> list[Source]:
    from scripts.loading.sources import folder_sources, sample_sources, synthetic_sources

    found: list[Source] = []
    if source:
        found += folder_sources(source, prefix)
    if sample:
        found += sample_sources(None, prefix if prefix is not None else "sample")
    if synthetic:
        found += synthetic_sources(synthetic, prefix if prefix is not None else "synthetic")
    return found
