"""Whether a name of the stack's is free in its project, or taken by the stack itself."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from scripts.checks import Undecided
from scripts.connection import Connection
from scripts.errors import api_failure


def free(target: Connection, look: Callable[[], Any], kind: str = "dataset", key: str = "environment") -> str:
    """What there is to say of a name in the project; `look` gives the labels of what has it, None for no labels."""
    try:
        labels = look()
    except Exception as error:
        if absent(error):
            return "the name is free"
        raise
    return taken(target, labels, kind, key)


def absent(error: Exception) -> bool:
    """Whether an error of Google's says that something is not there; while an API is not enabled, nothing of it is."""
    refusal = api_failure(error)
    return bool(refusal and (refusal.code == HTTPStatus.NOT_FOUND or "has not been used in project" in refusal.message))


def taken(target: Connection, labels: Any, kind: str, key: str = "environment") -> str:
    """Say that what is there is this environment's, by its labels; else that the person has to know."""
    wanted = target.outputs.labels
    if labels and all(labels.get(name) == value for name, value in wanted.items()):
        return "is there already, with the labels of this environment"
    raise Undecided(
        f"A {kind} of that name is there already. If this stack did not make it, take it over with `pulumi import`"
        f" (docs/how-to/deploy-to-google-cloud.md), or set healthcare-cloud-poc:{key} to another name."
    )
