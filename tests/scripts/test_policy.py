"""`policy` on files of a stack's state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.policy.checking import RULES
from tests.infra.policy.test_rules import OUTPUTS, PRODUCTION, graph_of, state_of, unprotected
from tests.scripts.conftest import Run


@pytest.fixture(scope="module")
def states() -> tuple[str, str]:
    """The state of a stack in production, and the same with a store that is not protected."""
    graph = graph_of(PRODUCTION)
    return state_of(graph, OUTPUTS), state_of(unprotected(graph, "dicom-store"), OUTPUTS)


def test_a_broken_rule_is_told_with_resource_and_remedy(run: Run, states: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(states[0])
    kept = run("policy", "--file", path)
    assert (kept.code, len(kept.out.splitlines())) == (0, len(RULES))
    path.write_text(states[1])
    shown = run("policy", "--file", path)
    assert shown.code == 1
    assert "failed   protection: Where protection is asked for" in shown.out
    assert "dicom-store: dicom is not protected: set deletionProtection to true." in shown.out
    found = json.loads(run("policy", "--file", path, "--json").out)
    assert [each["resource"] for each in found["protection"]] == ["dicom-store"]


def test_a_file_that_is_not_there_or_no_state(run: Run, tmp_path: Path) -> None:
    missing = run("policy", "--file", tmp_path / "none.json")
    assert (missing.code, "can't be read" in missing.err) == (1, True)
    (tmp_path / "other.json").write_text("{}")
    other = run("policy", "--file", tmp_path / "other.json")
    assert (other.code, "neither what `pulumi stack export`" in other.err) == (1, True)
