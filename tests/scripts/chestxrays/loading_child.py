"""A load of labels in a process of its own, to be killed: `python -m ... OUTPUTS FILMS AGE` says how far it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from infra.outputs import Outputs
from scripts.chestxrays import label_table
from scripts.chestxrays.records import FilmRecord
from scripts.connection import Connection, resolve_endpoints
from tests.scripts.chestxrays.labelled import uids_of


def films(number: int, age: int) -> list[FilmRecord]:
    """So many films, all of patients of one age."""
    return [FilmRecord(f"{each:08}_000.png", f"{each:08}", age=age, version="2017") for each in range(number)]


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(path: str, number: str, age: str) -> None:
    """Load, with a line on standard output after each chunk and before the merge."""
    outputs = Outputs.from_file(Path(path))
    merge = label_table._merge

    def announced(*arguments: Any) -> tuple[int, int]:
        say("merging")
        return merge(*arguments)

    label_table._merge = announced  # type: ignore[assignment]
    with Connection(outputs, resolve_endpoints(outputs, os.environ)) as target:
        given = [(film, uids_of(film)) for film in films(int(number), int(age))]
        label_table.load_labels(target, given, chunk_rows=1000, on_progress=lambda done: say(f"uploaded {done}"))
    say("loaded")


if __name__ == "__main__":
    main(*sys.argv[1:])
