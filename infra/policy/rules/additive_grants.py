"""Grants are additive: an authoritative binding or policy would take away what others have granted."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import TABLES, Graph, Violation

_AUTHORITATIVE = ("iambinding", "iampolicy", "bucketacl", "defaultobjectacl", "objectacl")


def check(graph: Graph) -> Iterator[Violation]:
    """Every resource that replaces a whole policy, a role's members, or the access entries of a dataset."""
    for each in graph.resources:
        if each.kind.lower().endswith(_AUTHORITATIVE):
            yield Violation(each.name, f"{each.kind} replaces what others granted: use the IAMMember of that type.")
        elif each.kind == TABLES and each.inputs.get("accesses"):
            yield Violation(each.name, f"accesses of {each.called} replace what others granted: use DatasetIamMember.")
