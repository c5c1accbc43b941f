"""The coverage table of docs/coverage.md, from the registry that answers requests: python -m emulator.coverage."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from emulator.app import SERVICES
from emulator.gateway.discovery import load
from emulator.gateway.service import Service

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"
HEAD = """# What is emulated

Every method of Google's discovery documents, and whether the emulator answers it; all others answer 501 with their id.
Made by `python -m emulator.coverage` from the registry of handlers; a test fails when it is out of date.
"""


def table() -> str:
    """The page: a summary, then a section per document with the methods that are answered and those that are not."""
    summary = ["", "| document | methods | emulated |", "|---|---|---|"]
    sections: list[str] = []
    for name in SERVICES:
        service: Service = importlib.import_module(f"emulator.services.{name}").SERVICE
        for document_name in service.documents:
            ids = sorted({method.id for method in load(document_name).methods})
            emulated = [i for i in ids if i in service.registrations]
            summary.append(f"| {document_name} | {len(ids)} | {len(emulated)} |")
            sections += ["", f"## {document_name}", "", "| method | |", "|---|---|"]
            sections += [f"| {i} | {'yes' if i in service.registrations else '501'} |" for i in ids]
    return "\n".join([HEAD.rstrip(), *summary, *sections, ""])


def main() -> int:
    """Write the page."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
