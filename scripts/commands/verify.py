"""`verify`: compare what was to be loaded with what arrived, or an exported table with the store."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.compound import taking
from scripts.commands.export import table_uri
from scripts.commands.load import show_oddities
from scripts.commands.options import JsonOption, OutputsOption, StackOption, StoreOption
from scripts.commands.source_options import named_files
from scripts.connection import connect
from scripts.console import count, note, print_json, progress, say
from scripts.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from scripts.loading.wish import Wish


@taking(wish=named_files)
def verify(
    *,
    wish: Wish | None,
    table: Annotated[
        str,
        typer.Option(
            help="Instead of files: compare an exported table, `table`, `table:NAME` or bq://PROJECT.DATASET.TABLE,"
            " with the store."
        ),
    ] = "",
    export: Annotated[
        str,
        typer.Option(
            metavar="gs://BUCKET/PREFIX",
            help="Instead of files: compare what was exported there, from any store, with the manifests of that.",
        ),
    ] = "",
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare source, bucket, store and tables, and name every difference.

    Takes the options with which `load` was called. Nothing is changed. Exit code 1 where anything differs. The table of
    exported metadata is as old as the last `export --to table`; tables that are not there are left out.
    """
    if (wish is not None) + bool(table) + bool(export) != 1:
        raise UsageError(
            "Give one of: what was loaded (a folder, --sample, --synthetic N, --source), --table, or --export."
        )
    if wish is not None:
        raise typer.Exit(_verify_load(wish, stack, outputs, in_store, as_json=as_json))
    from scripts.exports import manifest
    from scripts.loading.verifying import compare_table

    with connect(stack, outputs, store=in_store) as target, progress("Comparing"):
        if export:
            found = manifest.compare(target, export)
        else:
            found = compare_table(target, table_uri(target.outputs, table, "--table").removeprefix("bq://"))
    print_json(found.to_json()) if as_json else found.show("object" if export else "instance")
    raise typer.Exit(found.exit_code)


def _verify_load(
    wish: Wish, stack: str | None, outputs: Path | None, in_store: str | None, *, as_json: bool
) -> ExitCode:
    """Compare what `wish` names with what arrived; the exit code."""
    from scripts.chestxrays.films import Converter
    from scripts.chestxrays.labelling import compare_labels
    from scripts.loading.choosing import choose, syntax_of
    from scripts.loading.verifying import compare

    with ExitStack() as opened:
        target = opened.enter_context(connect(stack, outputs, store=in_store))
        converter = opened.enter_context(Converter(syntax_of(wish)))
        chosen = choose(target, wish, converter)
        with progress("Comparing", len(chosen.sources)) as bar:
            found = compare(target, chosen.sources, bar, whole=chosen.whole)
        compare_labels(target, chosen, found)
    if as_json:
        print_json(found.to_json())
    else:
        show_oddities(chosen)
        for what, name in found.found:
            say(f"{what}: {name}")
        tables = "".join(f", {rows:,} in table {table}" for table, rows in found.in_tables.items())
        note(
            f"{count(found.compared, 'file')} compared: {found.in_bucket:,} in the bucket, {found.in_store:,} in the"
            f" store{tables}; {count(len(found.found), 'difference')}"
        )
    return found.exit_code
