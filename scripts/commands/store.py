"""`store`: put DICOM files into the store directly, without a bucket between."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scripts.connection import connect
from scripts.console import JsonOption, OutputsOption, StackOption, count, print_json, progress, remark
from scripts.dicomweb import DicomWeb
from scripts.errors import ApiFailure, ExitCode

_PER_FILE = (400, 409)
"""Refusals that are about the one file."""


def store(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of DICOM files, or one file.")],
    *,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store DICOM files directly (STOW-RS).

    For many files, `load --import` is quicker. A file that is no DICOM, or that the store refuses, is named, and
    the rest is stored (exit code 3).
    """
    from scripts.loading.sources import FileSource, folder_sources
    from scripts.parallel import run_parallel

    with connect(stack, outputs) as target:
        web = DicomWeb(target)
        sources = folder_sources(source)

        def one(each: FileSource) -> str | None:
            problem = each.problem()
            if problem:
                return problem
            try:
                web.store(each.path)
            except ApiFailure as error:
                if error.code not in _PER_FILE:
                    raise
                return error.message.rstrip(".")
            return None

        stored, failed = 0, []
        with progress("Storing", len(sources)) as bar:
            for each, problem in run_parallel(one, sources):
                bar.advance()
                if problem:
                    failed.append((each.label, problem))
                else:
                    stored += 1
    left = len(sources) - stored - len(failed)
    if as_json:
        print_json({"stored": stored, "failed": [{"file": f, "reason": r} for f, r in sorted(failed)], "left": left})
    for label, problem in sorted(failed):
        remark(f"failed: {label}: {problem}.")
    remark(
        f"{count(stored, 'instance')} stored"
        + (f"; {len(failed):,} failed" if failed else "")
        + (f"; {left:,} not tried: run the same command again to go on" if left else "")
    )
    if failed or left:
        raise typer.Exit(ExitCode.PARTLY_DONE if stored else ExitCode.FAILED)
