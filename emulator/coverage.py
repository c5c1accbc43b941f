"""The coverage table of docs/coverage.md, from the registry that answers requests: python -m emulator.coverage."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from emulator.access.authorization import permission_of
from emulator.app import SERVICES
from emulator.gateway.discovery import load
from emulator.gateway.service import Registration, Service

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"
ASKED = Path(__file__).parent / "data" / "asked.json"
HEAD = """# What is emulated

Every method of Google's discovery documents, and whether the emulator answers it; all others answer 501 with their id.
Beside it stands the permission that a caller needs, "-" where any caller with credentials may. Some depend on more: who
made a job may see it, and what an object is stored with may need a further permission. Permissions and their sources
are in `emulator/data/roles` and `emulator/data/asked.json`.

Made by `python -m emulator.coverage` from the registry of handlers; a test fails when it is out of date.
"""


def table() -> str:
    """The page: a summary, then a section per document with the methods that are answered and those that are not."""
    summary = ["", "| document | methods | emulated |", "|---|---|---|"]
    sections: list[str] = []
    asked = orjson.loads(ASKED.read_bytes())["methods"]
    for name in SERVICES:
        service: Service = importlib.import_module(f"emulator.services.{name}").SERVICE
        for document_name in service.documents:
            ids = sorted({method.id for method in load(document_name).methods})
            emulated = [i for i in ids if i in service.registrations]
            summary.append(f"| {document_name} | {len(ids)} | {len(emulated)} |")
            sections += ["", f"## {document_name}", "", "| method | | permission |", "|---|---|---|"]
            sections += [_row(i, service.registrations.get(i), asked) for i in ids]
    return "\n".join([HEAD.rstrip(), *summary, *sections, ""])


def permissions(registration: Registration, asked: Mapping[str, str]) -> list[str] | None:
    """The permissions that a method needs; None where its handler asks for some and `asked` has no entry for it."""
    method = registration.method_id
    if registration.permission is None:
        return [permission_of(method)]
    found = [each for each in registration.permission if each]
    if found or method.endswith(".testIamPermissions"):
        return found
    return asked[method].split() if method in asked else None


def _row(method: str, registration: Registration | None, asked: Mapping[str, str]) -> str:
    if registration is None:
        return f"| {method} | 501 | |"
    return f"| {method} | yes | {', '.join(permissions(registration, asked) or ['-'])} |"


def main() -> int:
    """Write the page."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
