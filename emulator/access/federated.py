"""Federated identities: who somebody is whose token another issuer made, and what that token said of him.

IAM: "Workload Identity Federation", "Principal identifiers".
"""

from __future__ import annotations

from collections.abc import Iterable

POOLS = "iam.workloadIdentityPools"
_HOST = "//iam.googleapis.com/"


class Federated(str):
    """A principal (principal://iam.googleapis.com/.../subject/S) with the sets that its token put it into.

    Two tokens of one subject may say different things, so they are different principals to whatever keeps decisions;
    as text, in policies and logs, they are the same.
    """

    __slots__ = ("sets",)
    sets: frozenset[str]

    def __new__(cls, text: str, sets: Iterable[str] = ()) -> Federated:
        """A principal with its sets, as members of policies name them."""
        made = super().__new__(cls, text)
        made.sets = frozenset(sets)
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Federated):
            return str(self) == str(other) and self.sets == other.sets
        return not self.sets and str(self) == other

    def __hash__(self) -> int:
        return hash((str(self), self.sets)) if self.sets else hash(str(self))


def principal(pool: str, subject: str, groups: Iterable[str], attributes: Iterable[tuple[str, str]]) -> Federated:
    """The principal of a subject of a pool (projects/NUMBER/locations/global/workloadIdentityPools/P)."""
    start = f"principalSet:{_HOST}{pool}"
    sets = [f"{start}/group/{group}" for group in groups]
    sets += [f"{start}/attribute.{name}/{value}" for name, value in attributes]
    return Federated(f"principal:{_HOST}{pool}/subject/{subject}", sets)


def pool_of(principal: str) -> str:
    """The name of the pool of a federated principal, with the project's number."""
    return principal.removeprefix(f"principal:{_HOST}").partition("/subject/")[0]
