"""How the modules depend on each other: no two of them in a circle, imports for types counted."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.emulator import ROOT

PACKAGES = ("emulator", "scripts", "infra", "engine", "benchmarks")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{each.name}" for each in node.names}
            yield from parts & modules.keys() or {node.module}


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


@pytest.mark.parametrize("folder", ["emulator.dicom", "emulator.fhir"])
def test_formats_know_nothing_of_the_emulator(folder: str) -> None:
    found = {name: imports for name, imports in graph().items() if name.startswith(folder)}
    assert found
    assert [name for name, imports in found.items() if not all(each.startswith(folder) for each in imports)] == []
