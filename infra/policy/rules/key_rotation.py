"""Every key that the stack makes gets a new version at least once a year."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.graph import KEY, Graph, Violation

_YEAR_SECONDS = 366 * 24 * 60 * 60
_ENCRYPTS = "ENCRYPT_DECRYPT"


def check(graph: Graph) -> Iterator[Violation]:
    """Every key that encrypts and rotates never or seldom; Cloud KMS rotates keys of no other purpose."""
    for each in graph.of(KEY):
        seconds = float(str(each.inputs.get("rotationPeriod") or "inf").removesuffix("s"))
        if each.inputs.get("purpose", _ENCRYPTS) == _ENCRYPTS and seconds > _YEAR_SECONDS:
            yield Violation(each.name, f"Key {each.called} keeps one version for over a year: set keyRotationDays.")
