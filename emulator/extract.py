"""Writes emulator/data/discovery/google from the installed google-api-python-client: `python -m emulator.extract`.

That package has the documents of all of Google's APIs, 110 MB; the emulator needs those that it emulates, and of some
others (gateway/neighbours.py) the paths. They are kept compressed, so that nobody needs the package to run it.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from emulator.app import SERVICES
from emulator.gateway import neighbours
from emulator.gateway.discovery import GOOGLES

SOURCE = "google-api-python-client"
_ROUTING = ("id", "httpMethod", "path", "flatPath", "mediaUpload")


def installed() -> Path | None:
    """The folder of the documents in the installed google-api-python-client; None where it is not installed."""
    spec = importlib.util.find_spec("googleapiclient")
    return Path(spec.origin).parent / "discovery_cache" / "documents" if spec and spec.origin else None


def emulated() -> list[str]:
    """The names of the documents of what is emulated: "healthcare.v1"."""
    services = (importlib.import_module(f"emulator.services.{name}").SERVICE for name in SERVICES)
    return [name for service in services for name in service.documents]


def extract(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each file to be written, from the folder of google-api-python-client."""
    for name in emulated():
        path = folder / f"{name}.json"
        if path.exists():  # others are our own
            yield f"{name}.json.gz", json.loads(path.read_text(encoding="utf-8"))
    yield (
        neighbours.FILE,
        {name: _routes(json.loads((folder / f"{name}.json").read_text("utf-8"))) for name in neighbours.DOCUMENTS},
    )


def _routes(document: dict[str, Any]) -> dict[str, Any]:
    """A document, or a resource of one, with what a router reads of its methods and no more."""
    methods = {
        name: {key: spec[key] for key in _ROUTING if key in spec} for name, spec in document.get("methods", {}).items()
    }
    resources = {name: _routes(child) for name, child in document.get("resources", {}).items()}
    kept = {"servicePath": document.get("servicePath"), "methods": methods, "resources": resources}
    return {key: value for key, value in kept.items() if value}


def notice() -> str:
    """Where the files come from, and under which licence."""
    return (
        f"The files *.gz beside this one are Google's discovery documents as {SOURCE} {version(SOURCE)} has them\n"
        "(googleapiclient/discovery_cache/documents), compressed; each names its revision. neighbours.json.gz has of\n"
        "other APIs only the ids and paths of their methods. Copyright Google LLC, licensed under the Apache License,\n"
        "Version 2.0. `python -m emulator.extract` writes them.\n"
    )


def main() -> int:
    """Write the folder anew; 1 where google-api-python-client is not installed."""
    folder = installed()
    if folder is None:
        print(f"{SOURCE} is not installed; run scripts/setup.", file=sys.stderr)
        return 1
    GOOGLES.mkdir(exist_ok=True)
    for old in GOOGLES.glob("*.gz"):
        old.unlink()
    for file, content in extract(folder):
        raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        (GOOGLES / file).write_bytes(gzip.compress(raw, 9, mtime=0))
    (GOOGLES / "NOTICE").write_text(notice())
    return 0


if __name__ == "__main__":
    sys.exit(main())
