"""Nobody gets a basic role, which reaches everything in a project."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import Graph, Violation

_BASIC = tuple(f"roles/{each}" for each in ("owner", "editor", "viewer", "admin", "writer", "reader"))
"""IAM: "Basic roles", the legacy ones and those that take their place."""


def check(graph: Graph) -> Iterator[Violation]:
    """Every grant of owner, editor, viewer, admin, writer or reader."""
    for each in graph.resources:
        if each.inputs.get("role") in _BASIC:
            who = each.inputs.get("member") or each.inputs.get("members")
            yield Violation(each.name, f"{who} gets {each.inputs['role']}: grant a predefined role on one resource.")
