"""`verify`: compare what was to be loaded with what arrived."""

from __future__ import annotations

from contextlib import ExitStack

import typer

from scripts.commands.load import show_oddities
from scripts.commands.source_options import (
    AgeOption,
    FindingOption,
    FirstOption,
    FormatOption,
    KindOption,
    LabelsOption,
    PathArgument,
    PatientOption,
    PrefixOption,
    PublicFormat,
    SampleOption,
    SexOption,
    SourceKind,
    SplitOption,
    SyntaxName,
    SyntaxOption,
    SyntheticOption,
    ViewOption,
)
from scripts.connection import connect
from scripts.console import JsonOption, OutputsOption, StackOption, count, print_json, progress, remark
from scripts.errors import ExitCode, UsageError


def verify(
    source: PathArgument = None,
    *,
    kind: KindOption = SourceKind.FOLDER,
    sample: SampleOption = False,
    synthetic: SyntheticOption = 0,
    prefix: PrefixOption = None,
    format_: FormatOption = PublicFormat.DICOM,
    labels: LabelsOption = None,
    syntax: SyntaxOption = SyntaxName.UNCOMPRESSED,
    finding: FindingOption = None,
    view: ViewOption = None,
    sex: SexOption = None,
    age: AgeOption = None,
    patient: PatientOption = None,
    split: SplitOption = None,
    first: FirstOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare source, bucket, store and tables, and name every difference.

    Takes the options with which `load` was called. Nothing is changed. Exit code 1 where anything differs. The table of
    exported metadata is as old as the last `export --to table`; tables that are not there are left out.
    """
    from scripts.chestxrays.convert import Syntax
    from scripts.chestxrays.films import Converter
    from scripts.chestxrays.labelling import compare_labels
    from scripts.chestxrays.selection import Selection
    from scripts.loading.choosing import Wish, choose
    from scripts.loading.verifying import compare

    if not source and not sample and not synthetic and kind is not SourceKind.PUBLIC:
        raise UsageError("Nothing to verify: name what was loaded, as for `load`.")
    selection = Selection.parsed(
        findings=finding or (), view=view, sex=sex, age=age, patients=patient or (), split=split, first=first
    )
    with ExitStack() as opened:
        target = opened.enter_context(connect(stack, outputs))
        converter = opened.enter_context(Converter(Syntax(syntax.value)))
        chosen = choose(target, Wish(kind, source, selection, sample, synthetic, prefix, labels), converter, format_)
        with progress("Comparing", len(chosen.sources)) as bar:
            found = compare(target, chosen.sources, bar, whole=chosen.whole)
        compare_labels(target, chosen, found)
    if as_json:
        print_json(found.to_json())
    else:
        show_oddities(chosen)
        for what, name in found.found:
            typer.echo(f"{what}: {name}")
        tables = "".join(f", {rows:,} in table {table}" for table, rows in found.in_tables.items())
        remark(
            f"{count(found.files, 'file')} compared: {found.in_bucket:,} in the bucket, {found.in_store:,} in the"
            f" store{tables}; {count(len(found.found), 'difference')}"
        )
    raise typer.Exit(ExitCode.FAILED if found.found else ExitCode.DONE)
