"""The FHIR resources in tests/data/fhir, and what Google's open parser said of them (tests/tools/fhir_oracle)."""

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DATA = Path(__file__).parents[1] / "data" / "fhir"
_FOLDERS = {"R4": "fhir", "STU3": "fhir_stu3"}
"""Of Synthea's output, by version."""


@cache
def recorded(name: str) -> Any:
    """The content of a file of tests/data/fhir by its name without .json.gz. Not to be changed."""
    return json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))


def synthea(version: str) -> list[Json]:
    """The bundles of the trimmed Synthea set in a version: those referred to first."""
    names = sorted(path.name.removesuffix(".json.gz") for path in DATA.glob(f"synthea.{version.lower()}.*"))
    bundles: list[Json] = [recorded(name) for name in names]
    return sorted(bundles, key=lambda bundle: len(bundle["entry"]))


def synthea_or_more(version: str) -> list[Json]:
    """As `synthea`, or of the whole output of Synthea in the folder that the environment calls SYNTHEA."""
    folder = os.environ.get("SYNTHEA")
    if not folder:
        return synthea(version)
    bundles: list[Json] = [json.loads(path.read_bytes()) for path in (Path(folder) / _FOLDERS[version]).glob("*.json")]
    return sorted(bundles, key=lambda bundle: len(bundle["entry"]))


def synthea_resources(version: str) -> list[Json]:
    """The resources of all those bundles."""
    return [entry["resource"] for bundle in synthea(version) for entry in bundle["entry"]]


def ten_patients() -> list[Json]:
    """Ten patients of Synthea in R4 with notes, and all that their resources refer to. Not to be changed.

    Synthea 3.3.0 (Apache-2.0), seeds 4711, names without numbers, each patient cut to a few of the newest resources.
    """
    resources: list[Json] = recorded("patients.r4")
    return resources
