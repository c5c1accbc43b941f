"""docs/hl7v2-conformance.md names tests that there are, in every row."""

import re
from pathlib import Path

import pytest

from tests.support.emulator import ROOT

FOLDERS = (Path(__file__).parent, ROOT / "tests" / "emulator" / "hl7v2")
TEXT = (ROOT / "docs" / "hl7v2-conformance.md").read_text()
TITLES = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", TEXT)
    assert len(named) > 50
    for file, name in named:
        text = next(path for folder in FOLDERS for path in folder.glob(file)).read_text()
        assert f"def {name}(" in text, f"{file}::{name}"


@pytest.mark.parametrize("title", TITLES)
def test_every_row_names_a_test(title: str) -> None:
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert rows, title
    assert all("::test_" in row.rstrip("| ").rpartition("|")[2] for row in rows), title
