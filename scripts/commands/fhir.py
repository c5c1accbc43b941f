"""`fhir`: what can be done with a FHIR store."""

from __future__ import annotations

import typer

from scripts.commands.fhir_change import delete, validate
from scripts.commands.fhir_check import check
from scripts.commands.fhir_images import images
from scripts.commands.fhir_load import load
from scripts.commands.fhir_read import everything, get, history, search
from scripts.commands.fhir_transfer import export, import_
from scripts.commands.fhir_verify import verify
from scripts.commands.registering import register

app = typer.Typer(
    help="Check, load, verify, read, search, export and delete FHIR resources.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

register(app, "check", check)
register(app, "load", load)
register(app, "verify", verify)
register(app, "get", get)
register(app, "search", search)
register(app, "history", history)
register(app, "everything", everything)
register(app, "validate", validate)
register(app, "delete", delete)
register(app, "images", images)
register(app, "import", import_)
register(app, "export", export)
