"""The pages of docs/ that are made of the code."""

from __future__ import annotations

from documentation import commands, emulator_commands
from engine.layout import ROOT

PAGES = {"commands.md": commands.page, "emulator-commands.md": emulator_commands.page}
"""The pages by name, and what makes them. infra.reference makes the program's, emulator.coverage coverage.md."""


def write() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
