"""How the modules depend on each other: no two of them in a circle, imports for types counted."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.emulator import ROOT

# The floors of the emulator, from the ground up: a module imports from its own floor and from those below it.
FLOORS = (
    ("version", "clients", "errors", "settings", "hosts", "outgoing", "patterns", "pool", "varint"),
    ("dicom", "fhir", "hl7v2", "consent"),
    ("deidentify",),
    ("state",),
    ("access",),
    ("context", "gateway"),
    ("principals",),
    ("services", "web", "console"),
    ("app",),
    ("collection", "coverage", "environment", "extract", "recording"),
    ("serving",),
    ("hospital",),
    ("browsing", "collecting", "commands", "mllp", "recordings", "seeding", "snapshotting", "testing"),
    ("__main__",),
)
PACKAGES = ("emulator", "scripts", "infra", "engine", "benchmarks")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        yield from named(node, modules)


def named(node: ast.AST, modules: dict[str, Path]) -> Iterator[str]:
    """The modules that a statement imports; none where it is no import."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        parts = {f"{node.module}.{each.name}" for each in node.names}
        yield from parts & modules.keys() or {node.module}


@cache
def graph() -> dict[str, set[str]]:
    """Each module with those that it imports."""
    modules = {name_of(path): path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    return {name: {*imported(path, modules)} & modules.keys() - {name} for name, path in modules.items()}


def test_no_modules_import_each_other() -> None:
    TopologicalSorter(graph()).prepare()  # raises CycleError, which names the circle


def test_nothing_imports_a_command() -> None:
    found = {name: imports for name, imports in graph().items() if not name.startswith("scripts.commands")}
    found.pop("scripts.__main__")
    importing = [name for name, imports in found.items() if any(i.startswith("scripts.commands") for i in imports)]
    assert importing == []


@pytest.mark.parametrize("folder", ["emulator.dicom", "emulator.fhir", "emulator.hl7v2", "emulator.consent"])
def test_formats_know_nothing_of_the_emulator(folder: str) -> None:
    found = {name: imports for name, imports in graph().items() if name.startswith(folder)}
    assert found
    assert [name for name, imports in found.items() if not all(each.startswith(folder) for each in imports)] == []


def test_deidentification_knows_formats_only() -> None:
    own = "emulator.deidentify"
    found = {name: imports for name, imports in graph().items() if name.startswith(own)}
    assert found
    below = (own, "emulator.dicom", "emulator.fhir", "emulator.patterns")
    assert [name for name, imports in found.items() if not all(each.startswith(below) for each in imports)] == []


def floor_of(module: str) -> int | None:
    """The floor of a module of the emulator; None for the stand-in provider, which stands apart, and for packages."""
    part = module.split(".")[1] if module.startswith("emulator.") else ""
    return next((number for number, names in enumerate(FLOORS) if part in names), None)


def test_modules_of_the_emulator_import_from_below() -> None:
    floors = {name: (floor_of(name), [floor_of(i) for i in imports]) for name, imports in graph().items()}
    own = {name for name in floors if name.startswith("emulator.") and not name.startswith("emulator.provider")}
    assert [name for name in own if floors[name][0] is None] == []
    assert [name for name in own if any(f is not None and f > (floors[name][0] or 0) for f in floors[name][1])] == []
