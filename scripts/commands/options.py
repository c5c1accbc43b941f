"""The options that many commands have: which stack, and whether to print JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StackOption = Annotated[
    str | None, typer.Option("--stack", "-s", help="The Pulumi stack to work on. Default: the selected one.")
]
OutputsOption = Annotated[
    Path | None,
    typer.Option("--outputs", help="A file of `pulumi stack output --json`, instead of asking Pulumi."),
]
StoreOption = Annotated[
    str | None, typer.Option("--store", help="The DICOM store to work on. Default: the one that every stack has.")
]
WholeOption = Annotated[
    bool, typer.Option("--whole", help="The files are all there should be: what else the store holds is named, too.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for another program to read.")]
