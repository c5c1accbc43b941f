"""The options that say which files a command is about: `load`, `verify` and `pipeline` have them in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.compound import taking
from scripts.errors import UsageError
from scripts.loading.wish import PublicFormat, SourceKind, SyntaxName, Wish

if TYPE_CHECKING:
    from scripts.chestxrays.labels import Columns
    from scripts.chestxrays.selection import Selection

PathArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH",
        help="A folder or zip of DICOM files, or one file; a folder of PNG, JPEG, TIFF or BMP images with a CSV, or in"
        " folders that are called like their findings; for `--source kaggle`"
        " the unpacked archive or its zips; for `--source public` the folder with NIH's lists, if you have them.",
    ),
]
KindOption = Annotated[
    SourceKind,
    typer.Option(
        "--source",
        help="`kaggle`: the archive nih-chest-xrays/data or its sample. `public`: Google's bucket, whose readers pay.",
    ),
]
SampleOption = Annotated[
    bool, typer.Option("--sample", help="The real radiographs that ship with pydicom; `--sample N` is `--synthetic N`.")
]
SyntheticOption = Annotated[
    int, typer.Option("--synthetic", min=0, metavar="N", help="N made-up chest films, marked as synthetic.")
]
PrefixOption = Annotated[
    str | None,
    typer.Option(
        help="Folder in the bucket. Default: the folder's name, `sample`, `synthetic`; `nih-chest-xrays` for the set."
    ),
]
FormatOption = Annotated[
    PublicFormat | None,
    typer.Option("--format", help="For `--source public`: Google's DICOM files (the default), or NIH's PNG files."),
]
LabelsOption = Annotated[
    str | None,
    typer.Option(
        "--labels",
        help="Which list of the set: `v2020` (the default where it is there), `2017`, the name or path of a CSV in it,"
        " or `folders` where the folders' names are the findings.",
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="KEY=NAME",
        help="Which column of your own list holds what, as in `--column index=File`; keys: index (the image), findings,"
        " patient, age, sex, view, split and others. Repeatable.",
    ),
]
SyntaxOption = Annotated[
    SyntaxName | None,
    typer.Option(
        "--syntax", help="How films that become DICOM are written, always without loss. Default: `uncompressed`."
    ),
]


def columns_of(pairs: list[str] | None) -> Columns:
    """What `--column KEY=NAME` says. Raises UsageError."""
    from scripts.chestxrays.labels import KEYS

    found = {}
    for pair in pairs or ():
        key, equals, name = pair.partition("=")
        if not equals or key not in KEYS or not name:
            raise UsageError(f"--column {pair} is not KEY=NAME, where KEY is one of {', '.join(KEYS)}.")
        found[key] = name
    return found


def film_selection(
    *,
    finding: Annotated[
        list[str] | None, typer.Option("--finding", help="Only films with this finding, or `No Finding`. Repeatable.")
    ] = None,
    view: Annotated[str | None, typer.Option("--view", help="Only films of this view: PA or AP.")] = None,
    sex: Annotated[str | None, typer.Option("--sex", help="Only films of patients of this sex: F or M.")] = None,
    age: Annotated[
        str | None, typer.Option("--age", help="Only films at this age in years: 40, 40-60, 40- or -60.")
    ] = None,
    patient: Annotated[
        list[str] | None, typer.Option("--patient", help="Only films of this patient. Repeatable.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Only films of this official split: train_val or test.")
    ] = None,
    first: Annotated[int | None, typer.Option("--first", min=1, metavar="N", help="At most the first N films.")] = None,
) -> Any:
    """The Selection that the filters say. Raises UsageError."""
    from scripts.chestxrays.selection import Selection

    return Selection.parsed(
        findings=finding or (), view=view, sex=sex, age=age, patients=patient or (), split=split, first=first
    )


@taking(selection=film_selection)
def named_files(
    source: PathArgument = None,
    *,
    kind: KindOption = SourceKind.FOLDER,
    sample: SampleOption = False,
    synthetic: SyntheticOption = 0,
    prefix: PrefixOption = None,
    labels: LabelsOption = None,
    column: ColumnOption = None,
    format_: FormatOption = None,
    syntax: SyntaxOption = None,
    selection: Selection,
) -> Any:
    """The Wish that the options of `load` say; None where they name nothing."""
    if sample and source and source.name == str(source) and source.name.isdecimal() and not source.exists():
        # `--sample 500`: an option has a value or none, so that what stands behind this one arrives as the path.
        synthetic = int(source.name)
        source, sample = None, False
    if not source and not sample and not synthetic and kind is not SourceKind.PUBLIC:
        return None
    return Wish(kind, source, selection, sample, synthetic, prefix, labels, columns_of(column), format_, syntax)


@taking(wish=named_files)
def loadable_files(*, wish: Wish | None) -> Any:
    """The Wish that the options of `load` say. Raises UsageError where they name nothing."""
    if wish is None:
        raise UsageError("Nothing to load: name a folder, or use --sample, --synthetic N or --source public.")
    return wish
