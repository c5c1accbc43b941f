"""The pages docs/components.md and docs/outputs.md, made of the code: `python -m infra.reference` writes them."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pulumi

import infra
from infra import outputs

_DOCS = Path(__file__).parents[1] / "docs"
_MADE = "<!-- Made by `python -m infra.reference`. -->"
_COMPONENTS = f"""# Components

{_MADE}

What the program is made of, for programs of your own: each is a `ComponentResource` with one frozen object of
arguments. Import it from the wheel of this repository, installed with the extra `program`;
[examples/one-store](../examples/one-store/README.md) declares a dataset with one DICOM store. What you don't say has
the safe default: protected from deletion, private, no stream, no message. Every component's docstring says what it
leaves out and why.
"""
_OUTPUTS = f"""# Outputs

{_MADE}

What a stack exports, and the commands read: `pulumi stack output --json`. Names of resources are Google's in full
(`projects/P/...`), buckets and BigQuery datasets plain ids. What is null is left out.
"""


def components() -> str:
    """The page of the components: what each makes, which arguments it takes, and their defaults."""
    parts = [_COMPONENTS]
    for made, args in _components():
        parts.append(f"## {made.__name__}\n\n`from {made.__module__} import {made.__name__}, {args.__name__}`\n")
        parts += [_text(made) + "\n", _text(args) + "\n", _arguments(args)]
    return "\n".join(parts)


def stack_outputs() -> str:
    """The page of the outputs: a table of the stack's own, and one for each kind of object in them."""
    kinds = [each for each in vars(outputs).values() if dataclasses.is_dataclass(each) and each is not outputs.Outputs]
    parts = [_OUTPUTS, _fields(outputs.Outputs)]
    for kind in kinds:
        assert isinstance(kind, type)
        parts += [f"## {kind.__name__}\n", _text(kind) + "\n", _fields(kind)]
    return "\n".join(parts)


def _components() -> Iterator[tuple[type, type]]:
    """Every component with its arguments, by module."""
    for module in sorted(pkgutil.iter_modules(infra.__path__), key=lambda each: each.name):
        if module.ispkg or module.name == "reference":
            continue
        names = vars(importlib.import_module(f"infra.{module.name}"))
        for made in list(names.values()):
            own = isinstance(made, type) and made.__module__ == f"infra.{module.name}"
            if own and issubclass(made, pulumi.ComponentResource):
                yield made, names[f"{made.__name__.removeprefix('Private')}Args"]


def _text(kind: type) -> str:
    return inspect.getdoc(kind) or ""


def _arguments(args: type) -> str:
    rows = [f"| `{each.name}` | `{_type(each.type)}` | {_default(each)} |" for each in _listed(args)]
    return "\n".join(["| argument | type | default |", "|---|---|---|", *rows]) + "\n"


def _listed(kind: type) -> tuple[dataclasses.Field[Any], ...]:
    """The fields of a dataclass."""
    return dataclasses.fields(kind)


def _default(field: dataclasses.Field[Any]) -> str:
    """A field's default as code, or that it is required."""
    made = field.default_factory
    default = field.default if made is dataclasses.MISSING else made()
    return "required" if default is dataclasses.MISSING else f"`{default!r}`"


def _fields(kind: type) -> str:
    meanings = _meanings(kind)
    rows = [f"| `{each.name}` | `{_type(each.type)}` | {meanings.get(each.name, '')} |" for each in _listed(kind)]
    return "\n".join(["| output | type | meaning |", "|---|---|---|", *rows]) + "\n"


def _type(annotation: object) -> str:
    return str(annotation).replace("|", "\\|")


def _meanings(kind: type) -> dict[str, str]:
    """The docstring below each field of a dataclass, on one line."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, below in pairwise(body.body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[ast.unparse(field.target)] = " ".join(str(below.value.value).split())
    return found


PAGES = {"components.md": components, "outputs.md": stack_outputs}
"""The pages by name, and what makes them."""


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (_DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
