"""`cohort`: the studies that a search in FHIR or a query is about: as a list, a filter file, or images."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.fhir_options import FhirStoreOption, fhir_store
from scripts.commands.fhir_read import parse_query
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.commands.retrieve import Rendered, fetcher, retrieve_all
from scripts.connection import connect
from scripts.console import count, note, print_json, say
from scripts.dicomweb import DicomWeb, ResourcePath
from scripts.errors import CommandError, ExitCode, UsageError

if TYPE_CHECKING:
    from scripts.commands.retrieve import Retrieved
    from scripts.connection import Connection


def cohort(
    query: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TYPE [KEY=VALUE]...",
            help="Such as 'Observation?code=http://snomed.info/sct|60046008&patient.gender=female'.",
        ),
    ] = None,
    *,
    sql: Annotated[
        str, typer.Option(help="A query in GoogleSQL with a column StudyInstanceUID or study_instance_uid instead.")
    ] = "",
    filter_file: Annotated[
        str, typer.Option("--filter", help="Write a filter file for `export --filter`: a path, or gs://BUCKET/NAME.")
    ] = "",
    images: Annotated[Path | None, typer.Option(help="Retrieve the studies' images into this folder.")] = None,
    rendered: Annotated[Rendered | None, typer.Option(help="With --images: pictures to look at.")] = None,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the studies that a search in FHIR is about, and list them, or bring their images.

    The search is of Observation, DiagnosticReport, ImagingStudy or Patient; `fhir images` makes these of what the DICOM
    store holds. --images keeps files that are there, so that running it again continues. Exit code 3 when some images
    could not be retrieved.
    """
    if bool(query) == bool(sql):
        raise UsageError("Say which: a search in FHIR, or --sql, and not both.")
    if rendered and images is None:
        raise UsageError("--rendered goes with --images.")
    with connect(stack, outputs) as target:
        studies = _studies(target, query or [], sql, fhir_store_name)
        if filter_file:
            _write_filter(target, studies, filter_file)
        result = _retrieve(target, studies, images, rendered) if images and studies else None
    if as_json:
        print_json({"studies": studies, **({"images": dataclasses.asdict(result)} if result else {})})
    elif not filter_file and images is None:
        for uid in studies:
            say(uid)
    note(f"{count(len(studies), 'study', 'studies')} found")
    if result is not None:
        result.show()
    raise typer.Exit(result.exit_code if result else ExitCode.DONE)


def _studies(target: Connection, query: list[str], sql: str, fhir_store_name: str | None) -> list[str]:
    from scripts import cohorts
    from scripts.fhir.service import FhirStore

    if sql:
        return cohorts.studies_by_query(target, sql)
    store = FhirStore(target, fhir_store(target, fhir_store_name))
    return cohorts.studies_by_search(store, *parse_query(query))


def _write_filter(target: Connection, studies: list[str], place: str) -> None:
    """Write the filter file. Raises CommandError for no studies: an empty filter is no filter."""
    from scripts.cohorts import filter_lines

    if not studies:
        raise CommandError("No study was found, so there is nothing to filter by.")
    if place.startswith("gs://"):
        bucket, _, name = place.removeprefix("gs://").partition("/")
        if not name:
            raise UsageError(f"{place} is not the name of an object: write gs://BUCKET/NAME.")
        target.storage.bucket(bucket).blob(name).upload_from_string(filter_lines(studies), content_type="text/plain")
    else:
        Path(place).write_text(filter_lines(studies), encoding="utf-8")
    note(f"Filter file written to {place}")


def _retrieve(target: Connection, studies: list[str], folder: Path, rendered: Rendered | None) -> Retrieved:
    web = DicomWeb(target)
    return retrieve_all(web, [ResourcePath(uid) for uid in studies], fetcher(web, folder, rendered, "*"), str(folder))
