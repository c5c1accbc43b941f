"""`load`: bring DICOM files into the landing bucket."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.import_ import Imported, run_import
from scripts.connection import connect
from scripts.console import JsonOption, OutputsOption, StackOption, count, print_json, progress, remark
from scripts.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from scripts.loading.sources import Source
    from scripts.loading.uploading import Report


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
    from scripts.loading.uploading import upload

    if not source and not sample and not synthetic:
        raise UsageError("Nothing to load: name a folder, or use --sample or --synthetic N.")
    with connect(stack, outputs) as target:
        sources = _sources(source, sample=sample, synthetic=synthetic, prefix=prefix)
        bucket = target.outputs.landing_bucket
        with progress(f"Loading into gs://{bucket}", len(sources)) as bar:
            report = upload(target, bucket, sources, bar)
        uris = _uris(bucket, sources)
        _show(report)
        code = _exit_code(report)
        imports: list[Imported] = []
        if then_import and code != ExitCode.FAILED and not report.left:
            imports = [run_import(target, uri) for uri in uris]
        if as_json:
            print_json(_as_json(report, uris) | ({"imports": [each.to_json() for each in imports]} if imports else {}))
        for each in imports:
            each.show(target)
        code = max([code, *(each.exit_code for each in imports)])
    raise typer.Exit(code)


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


def _uris(bucket: str, sources: Sequence[Source]) -> list[str]:
    """The wildcards under which the import finds the sources: one for each folder at the top of the bucket."""
    tops = {name.split("/", 1)[0] if "/" in name else "" for name in (source.object_name for source in sources)}
    if "" in tops:
        return [f"gs://{bucket}/**.dcm"]
    return [f"gs://{bucket}/{top}/**.dcm" for top in sorted(tops)]


def _as_json(report: Report, uris: list[str]) -> dict[str, Any]:
    return {
        "loaded": report.loaded,
        "skipped": report.skipped,
        "failed": [{"file": label, "reason": reason} for label, reason in report.failed],
        "left": report.left,
        "bytes": report.bytes_sent,
        "uris": uris,
    }


def _show(report: Report) -> None:
    for label, reason in report.failed:
        remark(f"failed: {label}: {reason}.")
    parts = [f"{count(report.loaded, 'file')} loaded ({report.bytes_sent / 1e6:,.1f} MB)"]
    if report.skipped:
        parts.append(f"{report.skipped:,} there already")
    if report.failed:
        parts.append(f"{len(report.failed):,} failed")
    if report.left:
        parts.append(f"{report.left:,} not tried: run the same command again to go on")
    remark("; ".join(parts))


def _exit_code(report: Report) -> ExitCode:
    if not report.failed and not report.left:
        return ExitCode.DONE
    return ExitCode.PARTLY_DONE if report.loaded or report.skipped else ExitCode.FAILED
