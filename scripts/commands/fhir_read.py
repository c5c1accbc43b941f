"""`fhir get`, `search`, `history` and `everything`: what a FHIR store holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

import typer

from scripts.commands.fhir_options import FhirStoreOption, ResourceArgument, fhir_store, relative
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_table, progress, say_json
from scripts.dicomweb import filters
from scripts.errors import UsageError

if TYPE_CHECKING:
    from scripts.fhir.service import FhirStore, Pairs

Json = dict[str, Any]
ToOption = Annotated[Path | None, typer.Option(help="A file to write them to, as NDJSON, instead of showing them.")]
LimitOption = Annotated[int, typer.Option(min=0, help="At most so many; 0 means all.")]


def get(
    resource: ResourceArgument,
    *,
    version: Annotated[str, typer.Option(help="One version of its history, by its versionId.")] = "",
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Show one resource as JSON."""
    path = relative(resource) + (f"/_history/{version}" if version else "")
    with connect(stack, outputs) as target:
        found = _store(target, fhir_store_name).read(path)
    show_json(found)


def search(
    query: Annotated[
        list[str],
        typer.Argument(
            metavar="TYPE [KEY=VALUE]...", help="Such as Patient gender=female, or 'Patient?gender=female'."
        ),
    ],
    *,
    limit: LimitOption = 100,
    to: ToOption = None,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search a FHIR store, through all pages.

    Parameters are FHIR's, with modifiers, chains and _include. One that the store does not know is refused.
    """
    path, pairs = parse_query(query)
    with connect(stack, outputs) as target:
        found = _store(target, fhir_store_name).search(path, pairs, limit or None, strict=True)
        number = _give(found, to, as_json=as_json)
    if limit and number == limit:
        note(f"These are the first {limit:,}; there may be more: --limit 0 shows all.")


def history(
    resource: ResourceArgument,
    *,
    limit: LimitOption = 0,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the versions of a resource, newest first."""
    path = f"{relative(resource)}/_history"
    with connect(stack, outputs) as target:
        entries = list(_store(target, fhir_store_name).search(path, [], limit or None))
    if as_json:
        show_json(entries)
        return
    print_table(("version", "changed", "by"), [_version(each) for each in entries])


def everything(
    patient: Annotated[str, typer.Argument(metavar="PATIENT", help="The patient's id, or Patient/ID.")],
    *,
    to: ToOption = None,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that belongs to a patient ($everything), through all pages."""
    path = relative(patient if "/" in patient else f"Patient/{patient}")
    with connect(stack, outputs) as target:
        found = _store(target, fhir_store_name).search(f"{path}/$everything", [])
        _give(found, to, as_json=as_json)


def parse_query(words: list[str]) -> tuple[str, Pairs]:
    """A search as a person writes it: the type, and its parameters. Raises UsageError."""
    kind, mark, query = words[0].partition("?")
    if not kind.isalpha() or not kind[0].isupper():
        raise UsageError(f"{words[0]} is no search: begin with a type, such as Patient gender=female.")
    return kind, (parse_qsl(query, keep_blank_values=True) if mark else []) + filters(words[1:])


def _store(target: Any, name: str | None) -> FhirStore:
    from scripts.fhir.service import FhirStore

    return FhirStore(target, fhir_store(target, name))


def _give(entries: Iterator[Json], to: Path | None, *, as_json: bool) -> int:
    """Show the resources of entries, or write them to a file that appears when all are there; gives their number."""
    from scripts.fhir.service import resources_of

    found = resources_of(entries)
    if to is not None:
        number = _write(found, to)
        note(f"{count(number, 'resource')} written to {to}")
        return number
    resources = list(found)
    if as_json:
        show_json(resources)
    else:
        columns = ("resource", "version", "changed")
        print_table(columns, [_row(each) for each in resources])
    return len(resources)


def _write(resources: Iterator[Json], to: Path) -> int:
    from emulator.fhir import parsing

    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished, number = to.with_name(f".{to.name}.part"), 0
    try:
        with progress("Reading") as bar, unfinished.open("wb") as file:
            for number, resource in enumerate(resources, 1):
                file.write(parsing.serialize(resource) + b"\n")
                bar.update(number)
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)
    return number


def _row(resource: Json) -> tuple[object, ...]:
    meta = resource.get("meta", {})
    return f"{resource.get('resourceType')}/{resource.get('id')}", meta.get("versionId"), meta.get("lastUpdated")


def _version(entry: Json) -> tuple[object, ...]:
    meta = entry.get("resource", {}).get("meta", {})
    request, response = entry.get("request", {}), entry.get("response", {})
    version = meta.get("versionId") or str(response.get("etag", "")).removeprefix('W/"').rstrip('"')
    return version, meta.get("lastUpdated") or response.get("lastModified"), request.get("method")


def show_json(value: Any) -> None:
    """Print resources as JSON, with every digit that they have."""
    from emulator.fhir import parsing

    say_json(parsing.readable(value).decode())
