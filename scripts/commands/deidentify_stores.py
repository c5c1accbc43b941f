"""`deidentify store` and `deidentify fhir`: the stack's stores, into their twins on the research side."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.deidentify_options import (
    ConfigOption,
    DryRunOption,
    KeyOption,
    PreviewOption,
    RecipeOption,
    chosen,
    keyed,
    show_plan,
    show_previews,
)
from scripts.commands.fhir_options import FhirStoreOption, fhir_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json
from scripts.errors import ExitCode, UsageError
from scripts.waiting import exit_code, show_failures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.deidentify.keys import Secret
    from scripts.connection import Connection
    from scripts.deidentify.stores import Done
    from scripts.storing.candidates import Candidate


def store(
    *,
    recipe: RecipeOption = "",
    config: ConfigOption = None,
    key: KeyOption = None,
    new: Annotated[
        bool, typer.Option("--new", help="Only studies that have no twin yet, or more instances than it. Needs --key.")
    ] = False,
    study: Annotated[list[str] | None, typer.Option("--study", help="Only this study, by its UID. Repeatable.")] = None,
    filter_file: Annotated[
        str, typer.Option("--filter", metavar="gs://BUCKET/NAME", help="Only what a filter file lists, as of `cohort`.")
    ] = "",
    crosswalk: Annotated[
        bool,
        typer.Option("--crosswalk", help="Write old and new ids to the crosswalk bucket. Needs --key, on an emulator."),
    ] = False,
    dry_run: DryRunOption = False,
    preview: PreviewOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """De-identify the DICOM store into its twin on the research side.

    --dry-run and --preview take --study, and bring its first instances here to show them. An instance that can't be
    followed as asked is named and gets no twin (exit code 3).
    """
    if sum((new, bool(study), bool(filter_file))) > 1:
        raise UsageError("--new, --study and --filter exclude each other.")
    if (dry_run or preview is not None) and not study:
        raise UsageError("--dry-run and --preview need --study.")
    if new and key is None:
        raise UsageError("--new needs --key: with another key each time a study would get another twin each time.")
    if crosswalk and key is None:
        raise UsageError("--crosswalk needs --key: new ids are worked out of it.")
    given, secret = keyed(chosen(recipe, config), key)
    with connect(stack, outputs) as target:
        if dry_run or preview is not None:
            raise typer.Exit(_look(target, given, study or [], preview, as_json=as_json))
        code = _new(target, given, as_json=as_json) if new else _run(target, given, study, filter_file, as_json=as_json)
        if crosswalk and secret is not None:
            _write_crosswalk(target, secret)
    raise typer.Exit(code)


def fhir(
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A file with Google's DeidentifyConfig in JSON. Default: the profile BASIC."),
    ] = None,
    key: KeyOption = None,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """De-identify a FHIR store into its twin on the research side."""
    from scripts.deidentify.recipes import Recipe, of_file
    from scripts.deidentify.stores import deidentify_fhir

    basic = Recipe("basic", "", {"fhirFieldConfig": {"profileType": "BASIC"}, "text": {"profileType": "BASIC"}})
    given, _ = keyed(of_file(config) if config is not None else basic, key)
    with connect(stack, outputs) as target:
        name = fhir_store(target, fhir_store_name).name.rpartition("/")[2]
        done = deidentify_fhir(target, given, name)
        code = _show(done, "resource", as_json=as_json)
    raise typer.Exit(code)


def _run(
    target: Connection, config: dict[str, Any], study: list[str] | None, filter_file: str, *, as_json: bool
) -> ExitCode:
    from scripts.deidentify.stores import FILTERS, deidentify_dicom
    from scripts.ledger import write_filter

    uri = write_filter(target, study, target.outputs.export_bucket, FILTERS) if study else filter_file
    return _show(deidentify_dicom(target, config, uri), "instance", as_json=as_json)


def _new(target: Connection, config: dict[str, Any], *, as_json: bool) -> ExitCode:
    """De-identify the studies that have no twin yet, and tell of it."""
    from scripts.deidentify.stores import deidentify_new

    codes = [_show(done, "instance", as_json=as_json) for done in deidentify_new(target, config)]
    if not codes:
        note("Every study has its twin: nothing is new.")
    return max(codes, default=ExitCode.DONE)


def _show(done: Done, what: str, *, as_json: bool) -> ExitCode:
    state = done.state
    if as_json:
        print_json(
            {**state.to_json(), "failed": [{what: each.source, "reason": each.reason} for each in done.failures]}
        )
    show_failures(state, done.failures)
    failed = f"; {state.failure:,} failed" if state.failure else ""
    note(f"{count(state.success, what)} de-identified{failed}")
    return exit_code(state)


def _write_crosswalk(target: Connection, secret: Secret) -> None:
    from scripts.deidentify.crosswalk import write

    uri, number = write(target, secret)
    note(f"Crosswalk of {count(number, 'instance')} written to {uri}")


def _look(
    target: Connection, config: dict[str, Any], studies: list[str], preview: Path | None, *, as_json: bool
) -> ExitCode:
    """Show what would become of the first instance of each series of some studies."""
    from emulator.deidentify.keys import Secret
    from scripts.deidentify.local import settings_of

    settings = settings_of(config, Secret.random())
    with _first_instances(target, studies) as candidates:
        if preview is not None:
            return show_previews(settings, candidates, preview)
        show_plan(settings, candidates, as_json=as_json)
    return ExitCode.DONE


@contextmanager
def _first_instances(target: Connection, studies: list[str]) -> Iterator[list[Candidate]]:
    """The first instance of each series, as files that go when they have been shown."""
    from scripts.dicomweb import DicomWeb, ResourcePath
    from scripts.errors import CommandError
    from scripts.storing.candidates import Candidate

    web = DicomWeb(target)
    with tempfile.TemporaryDirectory() as folder:
        candidates = []
        for study in studies:
            found = [ResourcePath.of(each) for each in web.search(f"{ResourcePath(study)}/instances", [], None)]
            if not found:
                raise CommandError(f"The DICOM store has no study {study}.")
            for path in {each.series: each for each in reversed(found)}.values():
                file = path.under(Path(folder), ".dcm")
                web.download(str(path), "application/dicom; transfer-syntax=*", file)
                candidates.append(Candidate(file, str(path)))
        yield candidates
