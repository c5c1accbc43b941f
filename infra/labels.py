"""The labels that tell what belongs together: application, environment, and who manages it."""

from __future__ import annotations

from collections.abc import Mapping

COMMON_LABELS = ("application", "environment", "managed-by")
"""The labels that every resource gets; patients' data never belongs in a label."""


def common_labels(application: str, environment: str, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The labels of every resource of an environment: `own`, and the three that the rule `labels` wants."""
    return {**(own or {}), **dict(zip(COMMON_LABELS, (application, environment, "pulumi"), strict=True))}
