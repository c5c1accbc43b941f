"""`deidentify`: stores and files without what identifies a person."""

from __future__ import annotations

import typer

from scripts.commands.deidentify_files import files
from scripts.commands.deidentify_options import recipes
from scripts.commands.deidentify_stores import fhir, store
from scripts.commands.registering import register

app = typer.Typer(
    help="De-identify stores and files, and show beforehand what would become of them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

register(app, "store", store)
register(app, "fhir", fhir)
register(app, "files", files)
register(app, "recipes", recipes)
