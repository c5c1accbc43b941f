"""`consent`: what patients agreed to, and what may be used."""

from __future__ import annotations

import typer

from scripts.commands.consent_ask import check, who_sees
from scripts.commands.consent_define import define, map_
from scripts.commands.consent_export import export
from scripts.commands.consent_record import activate, list_, record, revoke
from scripts.commands.registering import register

app = typer.Typer(
    help="Record what patients agreed to, and export only what may be used.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

register(app, "define", define)
register(app, "map", map_)
register(app, "record", record)
register(app, "activate", activate)
register(app, "revoke", revoke)
register(app, "list", list_)
register(app, "check", check)
register(app, "who-sees", who_sees)
register(app, "export", export)
"""The order in which one meets them."""
