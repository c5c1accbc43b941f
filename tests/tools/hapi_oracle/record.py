"""Writes tests/data/fhir/verdicts.r5: resources, their mutations, and which errors HAPI finds in each."""

import json
import subprocess
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from emulator.fhir import definitions
from tests.support.fhir_edits import edited
from tests.tools.fhir_oracle.generate import Plain
from tests.tools.fhir_oracle.mutations import mutated
from tests.tools.fhir_oracle.record import SEED, write

HERE = Path(__file__).parent
CASES = 1_500
_OF_EACH_TYPE = 2


def main() -> None:
    """Make the resources, ask, and write."""
    r5 = definitions.load("R5")
    generator, random = Plain(r5, SEED), Random(SEED)  # noqa: S311 (not for secrets)
    resources = [generator.resource(name) for name in sorted(r5.resources) for _ in range(_OF_EACH_TYPE)]
    cases: list[list[Any]] = [[number, []] for number in range(len(resources))]
    while len(cases) < CASES:
        number = random.randrange(len(resources))
        cases.append([number, mutated(resources[number], random, r5)])
    said = _ask([json.dumps(edited(resources[number], edits)) for number, edits in cases])
    recorded = [[*case, errors] for case, errors in zip(cases, said, strict=True)]
    write("verdicts.r5", {"resources": resources, "cases": recorded})


def _ask(lines: list[str]) -> list[Any]:
    """The errors that HAPI finds in each resource: ids of messages and places."""
    with tempfile.TemporaryDirectory() as folder:
        path = ["-cp", f"{folder}/classes:{folder}/jars/*"]
        fetch = ["mvn", "-q", "-B", "-f", str(HERE), "dependency:copy-dependencies", f"-DoutputDirectory={folder}/jars"]
        build = ["javac", *path, "-d", f"{folder}/classes", str(HERE / "Hapi.java")]
        for command in (fetch, build):
            subprocess.run(command, check=True)
        ask = ["java", "-Xmx2g", *path, "Hapi"]
        done = subprocess.run(ask, input="\n".join(lines), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    main()
