"""The rules of infra/policy as a policy pack, which stops `pulumi up`: `pulumi up --policy-pack policy_pack`.

The engine hands over the configuration as it does to programs, in PULUMI_CONFIG and PULUMI_STACK.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pulumi_policy import EnforcementLevel, PolicyPack, ReportViolation, StackValidationArgs, StackValidationPolicy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the engine runs the pack from its own folder

from infra.policy.checking import DESCRIPTIONS, RULES, Rule
from infra.policy.graph import Graph, Resource, is_strange
from infra.policy.reading import asked_by


def validation(rule: Rule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    """What runs a rule over a stack and reports each violation, with the resource's URN where it is one's."""

    def validate(arguments: StackValidationArgs, report: ReportViolation) -> None:
        found = [each for each in arguments.resources if each.resource_type.startswith("gcp:")]
        urns = {each.name: each.urn for each in found}
        resources = tuple(
            Resource(each.resource_type.removeprefix("gcp:"), each.name, each.props, bool(each.opts.protect))
            for each in found
        )
        own = os.environ.get("PULUMI_PROJECT", "")
        others = tuple(
            (each.resource_type, each.name)
            for each in arguments.resources
            if is_strange(each.resource_type) and each.resource_type.partition(":")[0] != own
        )
        urns |= {each.name: each.urn for each in arguments.resources if (each.resource_type, each.name) in others}
        asked = asked_by(json.loads(os.environ.get("PULUMI_CONFIG") or "{}"), os.environ.get("PULUMI_STACK", ""))
        for violation in rule(Graph(resources, asked, others)):
            report(violation.sentence, urns.get(violation.resource))

    return validate


PolicyPack(
    name="healthcare-cloud-poc",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        StackValidationPolicy(name=name, description=DESCRIPTIONS[name], validate=validation(rule))
        for name, rule in RULES.items()
    ],
)
