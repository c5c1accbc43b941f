"""`retrieve`: bring instances from the DICOM store to a folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.commands.resource_options import ResourcesArgument
from scripts.connection import connect
from scripts.console import count, note, print_json, progress, remark, tally
from scripts.dicomweb import DicomWeb, ResourcePath
from scripts.errors import ApiFailure, CommandError, ExitCode, UsageError

Fetch = Callable[[ResourcePath], int | None]
"""Brings one instance; gives its bytes, or None when it was there already."""

_FOR_ALL_ALIKE = (401, 403)
"""Refusals that would meet every instance."""


class Rendered(StrEnum):
    """Formats for looking at."""

    JPEG = "jpeg"
    PNG = "png"


def retrieve(
    path: ResourcesArgument = None,
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Retrieve what a search finds, such as PatientID=00000001. Repeatable."),
    ] = None,
    to: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("retrieved"),
    rendered: Annotated[Rendered | None, typer.Option(help="Pictures to look at instead of DICOM files.")] = None,
    metadata: Annotated[bool, typer.Option("--metadata", help="DICOM JSON without pixels instead of files.")] = False,
    transfer_syntax: Annotated[
        str, typer.Option(help="UID of the transfer syntax to convert to; `*` keeps each file as it was stored.")
    ] = "*",
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retrieve studies, series or instances (WADO-RS).

    Files are named TO/STUDY/SERIES/INSTANCE.dcm. Files that are there already are kept, so that running the command
    again continues. What cannot be retrieved is named, and the rest is (exit code 3).
    """
    from scripts.selection import select

    if rendered and metadata:
        raise UsageError("--rendered and --metadata exclude each other.")
    with connect(stack, outputs, store=in_store) as target:
        web = DicomWeb(target)
        chosen = select(web, path or [], where or [])
        if metadata:
            result = write_metadata(web, chosen, to)
        else:
            result = retrieve_all(web, chosen, fetcher(web, to, rendered, transfer_syntax), str(to))
    if as_json:
        print_json(dataclasses.asdict(result))
    result.show()
    raise typer.Exit(result.exit_code)


@dataclass
class Retrieved:
    """What came of a retrieval, in instances."""

    folder: str
    retrieved: int = 0
    kept: int = 0
    bytes: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    left: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """0 when everything is there, 3 when some is, 1 when nothing is."""
        return ExitCode.of(failed=self.failed or self.left, done=self.retrieved or self.kept)

    def show(self) -> None:
        """Say it to the person."""
        for each in self.failed:
            remark(f"failed: {each['instance']}: {each['reason']}")
        done = f"{count(self.retrieved, 'instance')} written to {self.folder}"
        note(tally(done, already=self.kept, failed=len(self.failed), left=self.left))


def fetcher(web: DicomWeb, to: Path, rendered: Rendered | None, transfer_syntax: str) -> Fetch:
    """How one instance is brought: as a DICOM file, or rendered."""
    if rendered:
        ending, accept, below = f".{rendered.replace('jpeg', 'jpg')}", f"image/{rendered}", "/rendered"
    else:
        ending, accept, below = ".dcm", f"application/dicom; transfer-syntax={transfer_syntax}", ""

    def fetch(path: ResourcePath) -> int | None:
        file = path.under(to, ending)
        return None if file.exists() else web.download(f"{path}{below}", accept, file)

    return fetch


def instances_below(web: DicomWeb, chosen: list[ResourcePath]) -> Iterator[ResourcePath]:
    """The instances of studies and series; of an instance, itself. Raises CommandError when there are none."""
    empty = True
    for wanted in chosen:
        if wanted.instance:
            empty = False
            yield wanted
            continue
        keys = [("StudyInstanceUID", wanted.study)] + ([("SeriesInstanceUID", wanted.series)] if wanted.series else [])
        for found in web.search("/instances", keys, None):
            empty = False
            yield ResourcePath.of(found)
    if empty:
        raise CommandError("The store holds no such study or series: `python -m scripts search studies` lists them.")


def retrieve_all(web: DicomWeb, chosen: list[ResourcePath], fetch: Fetch, folder: str) -> Retrieved:
    """Bring all instances below `chosen`, several at once. One that is refused does not stop the rest."""
    from scripts.parallel import run_parallel

    paths = list(instances_below(web, chosen))
    result = Retrieved(folder)
    with progress("Retrieving", len(paths)) as bar:
        for path, outcome in run_parallel(_refusals_named(fetch), paths):
            bar.advance()
            if isinstance(outcome, str):
                result.failed.append({"instance": str(path), "reason": outcome})
            elif outcome is None:
                result.kept += 1
            else:
                result.retrieved += 1
                result.bytes += outcome
    result.left = len(paths) - result.retrieved - result.kept - len(result.failed)
    return result


def _refusals_named(fetch: Fetch) -> Callable[[ResourcePath], int | str | None]:
    """`fetch`, but what is wrong with the one path is given as text."""

    def one(path: ResourcePath) -> int | str | None:
        try:
            return fetch(path)
        except (ApiFailure, CommandError) as error:
            if isinstance(error, ApiFailure) and error.code in _FOR_ALL_ALIKE:
                raise
            return str(error)

    return one


def write_metadata(web: DicomWeb, chosen: list[ResourcePath], to: Path) -> Retrieved:
    """Write the DICOM JSON of each instance below `chosen` to where its file would be, one request for each path."""
    from scripts.parallel import run_parallel

    def fetch(path: ResourcePath) -> int:
        found = web.metadata(path)
        for each in found:
            file = ResourcePath.of(each).under(to, ".json")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(each, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return len(found)

    if not chosen:
        raise CommandError("The store holds nothing of the kind: `python -m scripts search studies` lists what is.")
    result, tried = Retrieved(str(to)), 0
    with progress("Retrieving metadata", len(chosen)) as bar:
        for path, outcome in run_parallel(_refusals_named(fetch), chosen):
            bar.advance()
            tried += 1
            if isinstance(outcome, str):
                result.failed.append({"instance": str(path), "reason": outcome})
            else:
                result.retrieved += outcome or 0
    result.left = len(chosen) - tried
    return result
