"""Writes tests/data/fhir: a trimmed Synthea set, and what Google's parser says of resources and their mutations."""

import argparse
import gzip
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.peers.google_fhir import google_fhir
from emulator.fhir import definitions
from tests.support.fhir_edits import edited
from tests.tools.fhir_oracle.generate import Generator, Json
from tests.tools.fhir_oracle.mutations import mutated

DATA = Path(__file__).parents[2] / "data" / "fhir"
CASES = 10_000
SEED = 20261127
_OF_EACH_TYPE = 4
_SMALL = 3_000
_FOLDERS = {"R4": "fhir", "STU3": "fhir_stu3"}
_EXTENDED = 200
_SHAPES = (("inferred", 2), ("v2", 2), ("v2", 1), ("v2", 3))
_PATIENTS = ("Angel97", "Bernetta267", "hospital", "practitioner")


def main() -> None:
    """Record both versions that Google's parser knows."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--synthea", type=Path, required=True)
    wanted = arguments.parse_args()
    oracle = google_fhir()
    for version, folder in _FOLDERS.items():
        files = sorted((wanted.synthea / folder).glob("*.json"))
        _keep(version, [file for file in files if file.name.startswith(_PATIENTS)])
        resources = [*_sample(files), *_generated(version)]
        write(f"verdicts.{version.lower()}", {"resources": resources, "cases": _cases(version, resources, oracle)})
        write(f"rows.{version.lower()}", _rows(version, resources, oracle))


def _rows(version: str, resources: list[Json], oracle: Path) -> Json:
    """Rows of BigQuery in both shapes, and with other depths, or the error; resources that are not valid have none."""
    generator = Generator(definitions.load(version), SEED)
    every = [*resources, *(generator.extended() for _ in range(_EXTENDED))]
    lines = [json.dumps(resource) for resource in every]
    rows = {f"{mode} {depth}": _ask_rows(oracle, version, mode, depth, lines) for mode, depth in _SHAPES}
    return {"resources": every[len(resources) :], "rows": rows}


def _ask_rows(oracle: Path, version: str, mode: str, depth: int, lines: list[str]) -> list[Any]:
    command = [str(oracle), version, mode, str(depth)]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True)
    return [_row(json.loads(line)) for line in done.stdout.splitlines()]


def _row(answer: Json) -> Any:
    """A row, the error that a valid resource has none, or None."""
    error = answer.get("errors", "")
    return answer.get("row", error.removeprefix("row: ") if error.startswith("row: ") else None)


def _keep(version: str, files: list[Path]) -> None:
    """The bundles of two patients, and those that they refer to."""
    for file in files:
        name = re.split(r"[0-9]|Information", file.name)[0].lower()
        write(f"synthea.{version.lower()}.{name}", json.loads(file.read_text()))


def _sample(files: list[Path]) -> Iterator[Json]:
    """Small resources of each type that Synthea makes."""
    count: dict[str, int] = {}
    for file in files:
        for entry in json.loads(file.read_text())["entry"]:
            name = entry["resource"]["resourceType"]
            if count.get(name, 0) < _OF_EACH_TYPE and len(json.dumps(entry["resource"])) < _SMALL:
                count[name] = count.get(name, 0) + 1
                yield entry["resource"]


def _generated(version: str) -> Iterator[Json]:
    generator = Generator(definitions.load(version), SEED)
    for name in sorted(definitions.load(version).resources):
        yield from (generator.resource(name) for _ in range(_OF_EACH_TYPE))


def _cases(version: str, resources: list[Json], oracle: Path) -> list[Any]:
    """Resource, edits and errors: all resources as they are, then mutations. Left out: what is answered by chance.

    Google's parser reads an object's names in random order, and what it says depends on it now and then.
    """
    random = Random(SEED)  # noqa: S311 (not for secrets)
    cases: list[Any] = [[number, []] for number in range(len(resources))]
    while len(cases) < CASES:
        number = random.randrange(len(resources))
        cases.append([number, mutated(resources[number], random, definitions.load(version))])
    lines = [json.dumps(edited(resources[number], edits)) for number, edits in cases]
    answers = [_ask(oracle, version, lines) for _ in range(6)]
    said = zip(*answers, strict=True)
    return [[*case, first] for case, (first, *more) in zip(cases, said, strict=True) if more == [first] * len(more)]


def _ask(oracle: Path, version: str, lines: list[str]) -> list[list[str]]:
    text = "\n".join(lines)
    done = subprocess.run([oracle, version, "verdict"], input=text, capture_output=True, text=True, check=True)
    errors = (json.loads(line).get("errors", "") for line in done.stdout.splitlines())
    return [sorted(set(each.split("\n"))) if each else [] for each in errors]


def write(name: str, content: Any) -> None:
    """Write a file of tests/data/fhir, the same bytes for the same content."""
    DATA.mkdir(exist_ok=True)
    packed = gzip.compress(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0)
    (DATA / f"{name}.json.gz").write_bytes(packed)


if __name__ == "__main__":
    main()
