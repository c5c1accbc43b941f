"""The argument that says which studies, series or instances a command is about."""

from __future__ import annotations

from typing import Annotated

import typer

ResourcesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STUDY [SERIES [INSTANCE]]",
        help="UIDs, with wildcards `*` and `?`; or any number of studies/UID[/series/UID[/instances/UID]].",
    ),
]
