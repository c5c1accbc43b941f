"""The pattern for production, `Pulumi.prod.yaml`: it asks for all that protects data, and the program gives it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from infra.policy.checking import check
from infra.policy.graph import Graph
from infra.policy.reading import asked_by
from infra.settings import PLACEHOLDER, SettingsError, parse
from tests.infra.graph import PROJECT, declare
from tests.infra.policy.test_rules import resource_of

FILE = Path(__file__).parents[2] / "Pulumi.prod.yaml"
SIX_YEARS = 6 * 365 + 2  # two leap days at most


@pytest.fixture(scope="module")
def configuration() -> dict[str, str]:
    """The file's configuration with a project's id, as Pulumi hands it to the program."""
    found = yaml.safe_load(FILE.read_text())["config"]
    return {key: str(value).replace(PLACEHOLDER, PROJECT) for key, value in found.items()}


def test_every_rule_holds_with_all_that_production_asks_for(configuration: dict[str, str]) -> None:
    chosen = parse(configuration, "prod", {})
    graph = Graph(tuple(resource_of(each) for each in declare(chosen)), asked_by(configuration, "prod"))
    assert (graph.asked.production, graph.asked.protected, graph.asked.audited) == (True, True, True)
    assert graph.asked.key == f"projects/{PROJECT}/locations/us-central1/keyRings/imaging-prod"
    assert chosen.key_destroy_days >= chosen.soft_delete_days
    assert chosen.audit_days >= SIX_YEARS
    assert {name: broken for name, broken in check(graph).items() if broken} == {}


def test_the_pattern_runs_nowhere_before_it_names_a_project(configuration: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="gcp:project is not set yet"):
        parse({**configuration, "gcp:project": PLACEHOLDER}, "prod", {})
