"""The rules in order, and what they find in a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from infra.policy.graph import Graph, Violation
from infra.policy.rules import (
    additive_grants,
    allowed_locations,
    audit,
    customer_keys,
    key_rotation,
    labels,
    legible,
    no_account_keys,
    no_basic_roles,
    no_public_principal,
    protection,
    public_access_prevention,
    retention,
    uniform_access,
)

Rule = Callable[[Graph], Iterator[Violation]]

_MODULES = (
    no_public_principal,
    uniform_access,
    public_access_prevention,
    customer_keys,
    key_rotation,
    allowed_locations,
    audit,
    additive_grants,
    no_basic_roles,
    no_account_keys,
    protection,
    labels,
    retention,
    legible,
)
RULES: Mapping[str, Rule] = {module.__name__.rpartition(".")[2].replace("_", "-"): module.check for module in _MODULES}
"""The rules by name, such as `no-public-principal`."""
DESCRIPTIONS: Mapping[str, str] = {
    name: (module.__doc__ or "").strip() for name, module in zip(RULES, _MODULES, strict=True)
}
"""What each rule demands, in a sentence."""


def check(graph: Graph) -> Mapping[str, tuple[Violation, ...]]:
    """The violations of every rule, by its name; empty for a rule that holds."""
    return {name: tuple(rule(graph)) for name, rule in RULES.items()}
