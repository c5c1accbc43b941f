"""`hl7v2`: what can be done with an HL7v2 store."""

from __future__ import annotations

import typer

from scripts.commands.hl7v2_read import MessageCommand, list_, show
from scripts.commands.hl7v2_send import send
from scripts.commands.hl7v2_transfer import export, import_
from scripts.commands.hl7v2_verify import verify
from scripts.commands.registering import register

app = typer.Typer(
    help="Send, list, show, verify, import and export HL7v2 messages.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

register(app, "send", send)
register(app, "list", list_)
register(app, "show", show, MessageCommand)
register(app, "verify", verify)
register(app, "import", import_)
register(app, "export", export)
