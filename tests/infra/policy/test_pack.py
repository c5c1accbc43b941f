"""The policy pack: each rule is a policy that reports what the rule finds. The SDK is a stand-in with the same names.

The SDK itself wants another protobuf than the project; `policy_pack/requirements.txt` says which release is meant.
"""

from __future__ import annotations

import enum
import json
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from infra.policy.checking import RULES
from infra.policy.graph import Graph
from tests.infra.policy.test_rules import PRODUCTION, graph_of, unprotected

PACK = Path(__file__).parents[3] / "policy_pack" / "__main__.py"
Violations = list[tuple[str, str, str | None]]


class _EnforcementLevel(enum.Enum):
    MANDATORY = "mandatory"


@dataclass
class _StackValidationPolicy:
    name: str
    description: str
    validate: Any


@pytest.fixture
def policies(monkeypatch: pytest.MonkeyPatch) -> list[_StackValidationPolicy]:
    """The policies of the pack, run with the configuration of production as the engine hands it over."""
    packs: list[dict[str, Any]] = []
    sdk: Any = ModuleType("pulumi_policy")
    sdk.EnforcementLevel, sdk.StackValidationPolicy = _EnforcementLevel, _StackValidationPolicy
    sdk.PolicyPack = lambda **arguments: packs.append(arguments)
    sdk.ReportViolation = sdk.StackValidationArgs = object
    monkeypatch.setitem(sys.modules, "pulumi_policy", sdk)
    monkeypatch.setattr(sys, "path", list(sys.path))
    configuration = {f"healthcare-cloud-poc:{key}": value for key, value in PRODUCTION.items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(configuration))
    monkeypatch.setenv("PULUMI_STACK", "dev")
    runpy.run_path(str(PACK))
    (pack,) = packs
    assert pack["enforcement_level"] == _EnforcementLevel.MANDATORY
    found: list[_StackValidationPolicy] = pack["policies"]
    return found


def violations(policies: list[_StackValidationPolicy], graph: Graph) -> Violations:
    """What the policies report of a stack."""
    resources = [
        SimpleNamespace(
            resource_type=f"gcp:{each.kind}",
            name=each.name,
            urn=f"urn:{each.name}",
            props=each.inputs,
            opts=SimpleNamespace(protect=each.protect),
        )
        for each in graph.resources
    ]
    found: Violations = []
    for policy in policies:
        policy.validate(
            SimpleNamespace(resources=resources),
            lambda text, urn, name=policy.name: found.append((name, text, urn)),
        )
    return found


def test_every_rule_is_a_policy_and_reports_the_resource(policies: list[_StackValidationPolicy]) -> None:
    assert [each.name for each in policies] == list(RULES)
    production = graph_of(PRODUCTION)
    assert violations(policies, production) == []
    assert violations(policies, unprotected(production, "dicom-store")) == [
        ("protection", "dicom is not protected: set deletionProtection to true.", "urn:dicom-store")
    ]
