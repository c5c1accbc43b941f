"""`fhir delete` and `fhir validate`: take resources out of a store, or ask it about some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.fhir_options import DocumentsArgument, FhirStoreOption, fhir_store, relative
from scripts.commands.fhir_read import parse_query
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import (
    confirmed,
    count,
    interactive,
    note,
    print_json,
    progress,
    remark,
    say,
)
from scripts.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from scripts.fhir.service import FhirStore

_ASKED_AT_ONCE = 1000


def delete(
    resource: Annotated[list[str] | None, typer.Argument(metavar="TYPE/ID", help="Such as Patient/1.")] = None,
    *,
    where: Annotated[
        str, typer.Option(help="Delete what a search finds, such as 'Observation?status=entered-in-error'.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete resources; their history stays.

    It asks once, with their number. What others refer to is deleted after these; what cannot be deleted is named, and
    the rest is deleted (exit code 3).
    """
    from scripts.fhir.deleting import delete_all
    from scripts.fhir.service import FhirStore

    if bool(resource) == bool(where):
        raise UsageError("Say what: TYPE/ID, or --where 'TYPE?KEY=VALUE', and not both.")
    with connect(stack, outputs) as target:
        chosen = fhir_store(target, fhir_store_name)
        store = FhirStore(target, chosen)
        found = [relative(each) for each in resource or []] or _matches(store, where)
        if dry_run:
            _list(found, as_json=as_json)
            return
        _ask(len(found), chosen.name.rpartition("/")[2], yes=yes)
        with progress("Deleting", len(found)) as bar:
            report = delete_all(store, found, bar)
    if as_json:
        print_json(report.to_json())
    for name, reason in sorted(report.failed.items()):
        remark(f"failed: {name}: {reason}")
    failed = f"; {len(report.failed):,} failed" if report.failed else ""
    left = f"; {report.left:,} not tried: run the same command again to go on" if report.left else ""
    note(f"{count(len(report.deleted), 'resource')} deleted{failed}{left}")
    raise typer.Exit(report.exit_code)


def _list(found: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"would_delete": found})
        return
    for each in found:
        say(each)
    remark(f"{count(len(found), 'resource')} would be deleted." if found else "Nothing would be deleted.")


def _matches(store: FhirStore, query: str) -> list[str]:
    """Type/id of all that a search finds, without what it includes. Raises UsageError for a search for everything."""
    path, pairs = parse_query([query])
    if not any(value.strip() for _, value in pairs):
        raise UsageError(f"--where {query} has no condition: that would name everything of the type.")
    entries = store.search(path, [*pairs, ("_elements", "id")], strict=True)
    matched = [each["resource"] for each in entries if each.get("search", {}).get("mode", "match") == "match"]
    return [f"{each['resourceType']}/{each['id']}" for each in matched]


def _ask(number: int, store: str, *, yes: bool) -> None:
    if not number or yes:
        return
    if not interactive():
        raise UsageError("delete asks before it deletes, and nobody can answer here: use --yes.")
    if not confirmed(f"Delete {count(number, 'resource')} from FHIR store {store}?"):
        remark("Nothing was deleted.")
        raise typer.Exit(ExitCode.FAILED)


def validate(
    source: DocumentsArgument,
    *,
    profile: Annotated[str, typer.Option(help="The URL of a profile in the store that they must fit.")] = "",
    values: Annotated[
        bool, typer.Option("--values", help="Show the store's whole sentences; they may hold a patient's data.")
    ] = False,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the store whether it would take resources ($validate); nothing is stored.

    `fhir check` answers the same offline, and says what would help. Exit code 3 when some would be refused, 1 when all.
    """
    from scripts.fhir.documents import find_documents
    from scripts.fhir.service import FhirStore
    from scripts.fhir.validating import validate_all

    with connect(stack, outputs) as target:
        documents = find_documents(source, lambda: target.storage)
        store = FhirStore(target, fhir_store(target, fhir_store_name))
        with progress("Validating") as bar:
            report = validate_all(store, documents, profile, bar)
    if as_json:
        print_json(report.to_json(values=values))
    else:
        for each in report.problems:
            say(f"{each.label}: {each.whole if values else each.discreet}")
    note(f"{count(report.resources, 'resource')}: {report.resources - report.refused:,} valid, {report.refused:,} not")
    if report.interrupted:
        remark("Stopped before all were looked at.")
    raise typer.Exit(report.exit_code)
