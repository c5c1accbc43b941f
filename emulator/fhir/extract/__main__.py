"""Makes a table of emulator/fhir/data: `python -m emulator.fhir.extract --version R4 FILES...`.

FILES are HL7's definitions as published: profiles-types.xml, profiles-resources.xml, valuesets.xml and the code systems
(v2-tables.xml, v3-codesystems.xml) of a version, or its npm packages (hl7.fhir.r5.core, hl7.terminology). Of DSTU2
they are what `hapi-fhir-validation-resources-dstu2` of Maven unpacks to: a file for each definition, and value sets.
"""

import argparse
import gzip
from pathlib import Path
from typing import Any

import orjson

from emulator.fhir.extract import dstu2, reading, structures
from emulator.fhir.extract.terminology import Terminology
from emulator.fhir.versions import VERSIONS

DATA = Path(__file__).parents[1] / "data"


def table(version: str, files: list[Path]) -> dict[str, Any]:
    """All types of a version with their elements, and the codes of required bindings."""
    resources = [resource for file in files for resource in reading.resources(file)]
    if version == "DSTU2":
        resources = dstu2.later(resources)
    terminology = Terminology(resources)
    codes: dict[str, list[str]] = {}
    types: dict[str, Any] = {}
    for definition in filter(structures.is_needed, resources):
        types |= structures.rows(definition, terminology, codes)
    return {"version": VERSIONS[version].number, "types": types, "codes": codes}


def main() -> None:
    """Write the table of the version that the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--version", choices=sorted(VERSIONS), required=True)
    arguments.add_argument("files", nargs="+", type=Path)
    wanted = arguments.parse_args()
    made = table(wanted.version, wanted.files)
    packed = gzip.compress(orjson.dumps(made), compresslevel=9, mtime=0)
    (DATA / f"{wanted.version.lower()}.json.gz").write_bytes(packed)


main()
