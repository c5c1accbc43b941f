"""python -m emulator collections: requests of every emulated method, in files for an editor or for curl."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from emulator.app import SERVICES
from emulator.collection import curl, rest_client
from emulator.collection.samples import Sample, sample
from emulator.errors import invalid_argument
from emulator.gateway.discovery import load
from emulator.gateway.service import Service
from emulator.state.nearest import near

FORMATS = {"http": rest_client, "curl": curl}


def run(folder: Path, form: str, names: list[str], project: str) -> int:
    """Write a file for each document (all, or those that are named) into a folder, which is made where it is not.

    Raises a 400 for a document that there is none of.
    """
    there = dict(documents())
    for name in names:
        if name not in there:
            raise invalid_argument(f'There is no document "{name[:60]}"{near(name, there)}: {", ".join(there)}.')
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or there:
        writer = FORMATS[form]
        (folder / f"{name}{writer.SUFFIX}").write_text(writer.text(name, there[name], project))
    requests = sum(len(there[name]) for name in names or there)
    print(f"{requests} requests in {len(names or there)} files in {folder}.")
    return 0


def documents() -> Iterator[tuple[str, list[Sample]]]:
    """The name of each document and the samples of its methods that are emulated, where there are some."""
    for service_name in SERVICES:
        service: Service = importlib.import_module(f"emulator.services.{service_name}").SERVICE
        for name in service.documents:
            found = [sample(method) for method in load(name).methods if method.id in service.registrations]
            if found:
                yield name, found
