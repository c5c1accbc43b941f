"""docs/security.md names a test beside every threat, and each of them is there."""

import re

import pytest

from tests.support.emulator import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_is_there(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("title", ["Threats, and what stands against each", "Threats to the emulator"])
def test_every_threat_has_one(title: str) -> None:
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 10
    assert all("::test_" in row.rstrip("| ").rpartition("|")[2] for row in rows)
