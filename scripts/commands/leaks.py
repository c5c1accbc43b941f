"""`leaks`: what a de-identified target still says of what its source knows."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, print_table, progress, remark, say

if TYPE_CHECKING:
    from emulator.deidentify.image import TextDetector
    from scripts.connection import Connection
    from scripts.leaks.pairing import Twins
    from scripts.leaks.report import Report

_SHOWN = 50


def leaks(
    source: Annotated[
        Path | None, typer.Argument(metavar="SOURCE", help="A folder of identified files. Default: the stack's stores.")
    ] = None,
    target: Annotated[
        Path | None,
        typer.Argument(metavar="TARGET", help="A folder of what was made of it. Default: the stack's research side."),
    ] = None,
    *,
    key: Annotated[
        Path | None, typer.Option("--key", help="The key of the de-identification: tells which file became which.")
    ] = None,
    crosswalk: Annotated[
        Path | None, typer.Option("--crosswalk", help="The crosswalk as a CSV file: tells the same without the key.")
    ] = None,
    kept: Annotated[
        list[str] | None,
        typer.Option("--kept", metavar="KEYWORD", help="An attribute that stays on purpose. Repeatable."),
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Read the text in pictures, which takes a second a megapixel.")] = True,
    values: Annotated[
        bool, typer.Option("--values", help="Show the values that were found, which are patients' data.")
    ] = False,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look in a de-identified target for everything that its source knows, as an attacker would.

    Names, ids, UIDs, dates, telephones, addresses and texts of the source are looked for in the target's attributes,
    bytes, base64, documents and pictures, DICOM and FHIR. Exit code 3 where anything was found, or could not be looked
    at. Values are shown with --values only.
    """
    from scripts.leaks.checking import Checker
    from scripts.leaks.sides import files_in

    with ExitStack() as opened:
        if source is None or target is None:
            source, target = _brought(opened, opened.enter_context(connect(stack, outputs)), source, target)
        known, made = files_in(source), files_in(target)
        checker = Checker(_twins(key, crosswalk), _detector(wanted=pictures), frozenset(kept or ()))
        labels = [path.name if path == target else path.relative_to(target).as_posix() for path in made]
        with progress("Looking", len(known) + len(made)) as bar:
            report = checker.check(known, made, labels, bar)
    if as_json:
        print_json(report.to_json(with_values=values))
    else:
        _show(report, with_values=values)
    raise typer.Exit(report.exit_code)


def _brought(opened: ExitStack, stack: Connection, source: Path | None, target: Path | None) -> tuple[Path, Path]:
    """Folders with what the stack's stores hold, in the place of those that are not given; they go with the block."""
    from scripts.deidentify.stores import research_of
    from scripts.leaks.sides import bring, twins_of

    folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
    stores = stack.outputs.fhir_stores
    if source is None:
        source = folder / "source"
        bring(stack, stack.outputs.dicom_store_name, stores.values(), source)
    if target is None:
        research, target = research_of(stack), folder / "target"
        bring(stack, research.dicom_store_name, twins_of(stores, research.fhir_stores), target)
    return source, target


def _twins(key: Path | None, crosswalk: Path | None) -> Twins:
    from scripts.deidentify.recipes import read_key
    from scripts.leaks.pairing import Twins, read_crosswalk

    return Twins(
        None if key is None else read_key(key),
        {} if crosswalk is None else read_crosswalk(crosswalk),
    )


def _detector(*, wanted: bool) -> TextDetector | None:
    """What reads pictures; None, and a remark, where nothing is installed that does."""
    from emulator.deidentify.image import DetectorMissing, detector

    if not wanted:
        return None
    try:
        return detector()
    except DetectorMissing as missing:
        remark(f"Nobody reads the pictures: {missing}")
        return None


def _show(report: Report, *, with_values: bool) -> None:
    rows = report.to_json(with_values=with_values)
    for each in rows["leaks"][:_SHOWN]:
        value = f": {each['value']}" if with_values else ""
        say(f"{each['file']}: {each['place']}: {each['infoType']} of {each['from']}{value}")
    for each in rows["unseen"][:_SHOWN]:
        remark(f"not looked at: {each['file']}: {each['reason']}")
    if max(len(rows["leaks"]), len(rows["unseen"])) > _SHOWN:
        remark(f"Only {_SHOWN} are shown: --json names all.")
    shown = [(each.name, each.values, each.left, f"{100 * each.recall:.2f} %") for each in report.actions]
    print_table(("action", "values", "left", "gone"), shown)
    _show_comparison(report)
    found = count(len(report.found.leaks), "leak") if report.found.leaks else "no leak"
    note(f"{count(len(report.labels), 'file')} looked at for {count(len(report.values), 'value')}: {found}")


def _show_comparison(report: Report) -> None:
    compared = report.compared
    if report.unpaired:
        remark(
            f"Of {count(report.unpaired, 'file')} nobody knows what they were made of, so that any day of the source"
            " counts in them: --key or --crosswalk tells."
        )
    if compared.pairs:
        gone = sum(compared.gone.values())
        say(f"attributes that the Basic Profile keeps: {compared.kept:,}; gone: {gone:,}")
        for name, number in compared.gone.most_common(_SHOWN):
            if number:
                say(f"  {name}: {number:,}")
        say(f"UIDs: {compared.uids:,}; with more than one new or old one: {compared.contradictions:,}")
        say(f"attributes that IODs demand and twins lack: {sum(compared.lacking.values()):,} more than before")
        for name, number in compared.lacking.most_common(_SHOWN):
            say(f"  {name}: {number:,}")
