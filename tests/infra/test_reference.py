"""The pages that are made of the code are as the code is, and leave no output unexplained."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.reference import PAGES, stack_outputs

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_as_the_code_is(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `python -m infra.reference`"


def test_every_output_of_a_stack_has_a_meaning() -> None:
    own = stack_outputs().partition("\n## ")[0]
    rows = [line for line in own.splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_component_is_on_its_page_with_a_name_that_its_module_has() -> None:
    sources = {file.stem: file.read_text(encoding="utf-8") for file in (DOCS.parent / "infra").glob("*.py")}
    declared = [name for text in sources.values() for name in text.split("(pulumi.ComponentResource)")[:-1]]
    page = PAGES["components.md"]()
    assert len(declared) > 10
    assert page.count("\n## ") == len(declared)
