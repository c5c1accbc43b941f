"""Nothing is granted to everybody: neither by a member of a policy nor by an access control list."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import Graph, Violation, texts

_EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_PUBLIC_LISTS = ("publicRead", "publicReadWrite", "authenticatedRead")


def check(graph: Graph) -> Iterator[Violation]:
    """Every resource with a public member, also within the text of a policy, or with a public list."""
    for each in graph.resources:
        for text in texts(each.inputs):
            found = [word for word in _EVERYBODY if word in text]
            if text in _PUBLIC_LISTS or found:
                yield Violation(each.name, f"{each.called} is open to {text if not found else found[0]}: name a group.")
                break
