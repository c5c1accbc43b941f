"""Imports inside functions: only of what is slow to import, and in what starts before it is known what is asked for.

The linter's list of slow packages (TID253 in pyproject.toml) keeps them out of the top of modules. Here the reverse:
what is not slow is imported at the top. A module of ours is as slow as what it imports there.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache

from tests.support.emulator import ROOT
from tests.test_imports import name_of, named

FOLDERS = ("emulator", "scripts", "infra", "engine", "benchmarks")
FRONTS = (
    "scripts.commands.",
    "scripts.demonstration.",
    "scripts.program",
    "scripts.stack",
    "engine.setup",
    "emulator.__main__",
    "emulator.state.trouble.switch",
)
"""They answer `--help` or decide what to do, and import what does it then."""
SLOW_OF_OURS = ("emulator.services",)
"""All of them together; among themselves they are imported at the top."""
_SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["flake8-tidy-imports"]
SLOW = tuple(_SETTINGS["banned-module-level-imports"])
MODULES = {name_of(path): path for package in FOLDERS for path in sorted((ROOT / package).rglob("*.py"))}


def imports_of(node: ast.AST, *, late: bool = False) -> Iterator[tuple[bool, ast.AST]]:
    """The imports of a module, each with whether it is inside a function; those for types only are left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield late, child
        yield from imports_of(child, late=late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def imports(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a module imports at its top, and inside its functions."""
    found: tuple[set[str], set[str]] = set(), set()
    for late, node in imports_of(ast.parse(MODULES[module].read_text())):
        found[late].update(named(node, MODULES))
    return frozenset(found[0]), frozenset(found[1])


def begins(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name.rstrip(".") + ".") for name in names)


def parent(module: str) -> str:
    return module.rpartition(".")[0]


def slow_for(module: str) -> tuple[str, ...]:
    """What is slow to import for a module."""
    return SLOW if begins(module, SLOW_OF_OURS) else SLOW + SLOW_OF_OURS


def is_slow(module: str, seen: set[str], slow: tuple[str, ...] = SLOW + SLOW_OF_OURS) -> bool:
    """Whether a module is slow, imports what is slow at its top, or imports what does."""
    if begins(module, slow):
        return True
    if module in seen or module not in MODULES:
        return False
    seen.add(module)
    return any(is_slow(each, seen, slow) for each in (*imports(module)[0], parent(module)))


def is_ours_or_standard(module: str) -> bool:
    return module in MODULES or module.split(".", maxsplit=1)[0] in sys.stdlib_module_names


def test_what_is_not_slow_is_imported_at_the_top() -> None:
    own = [name for name in MODULES if name.startswith(FOLDERS) and not begins(name, FRONTS)]
    late = [(name, each) for name in own for each in imports(name)[1] if is_ours_or_standard(each)]
    assert [(name, each) for name, each in late if not is_slow(each, set(), slow_for(name))] == []


def test_a_module_is_as_slow_as_what_it_imports() -> None:
    assert is_slow("scripts.credentials", set()), "google.auth"
    assert is_slow("scripts.chestxrays.beam.steps", set()), "apache_beam"
    assert not is_slow("scripts.loading.choosing", set())
    assert not is_slow("difflib", set())
    assert is_slow("emulator.services.bigquery.sql.translate", set(), SLOW), "sqlglot"
    assert not is_slow("emulator.services.bigquery.sql.storage", set(), SLOW)
