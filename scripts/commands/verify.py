"""`verify`: compare what was to be loaded with what arrived."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from scripts.commands.compound import taking
from scripts.commands.load import show_oddities
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.commands.source_options import loadable_files
from scripts.connection import connect
from scripts.console import count, note, print_json, progress, say
from scripts.errors import ExitCode

if TYPE_CHECKING:
    from scripts.loading.wish import Wish


@taking(wish=loadable_files)
def verify(
    *,
    wish: Wish,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare source, bucket, store and tables, and name every difference.

    Takes the options with which `load` was called. Nothing is changed. Exit code 1 where anything differs. The table of
    exported metadata is as old as the last `export --to table`; tables that are not there are left out.
    """
    from scripts.chestxrays.films import Converter
    from scripts.chestxrays.labelling import compare_labels
    from scripts.loading.choosing import choose, syntax_of
    from scripts.loading.verifying import compare

    with ExitStack() as opened:
        target = opened.enter_context(connect(stack, outputs))
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
            f"{count(found.files, 'file')} compared: {found.in_bucket:,} in the bucket, {found.in_store:,} in the"
            f" store{tables}; {count(len(found.found), 'difference')}"
        )
    raise typer.Exit(ExitCode.FAILED if found.found else ExitCode.DONE)
