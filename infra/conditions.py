"""Conditions of grants: the time when one ends, and which objects of a bucket one is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import pulumi

_LISTED = "api.getAttribute('storage.googleapis.com/objectListPrefix', '')"


class ConditionInputs(TypedDict):
    """A condition as every kind of grant takes it."""

    title: pulumi.Input[str]
    expression: pulumi.Input[str]


@dataclass(frozen=True)
class Condition:
    """A condition as IAM keeps it: a title of at most 100 characters, and an expression in CEL."""

    title: str
    expression: pulumi.Input[str]

    def inputs(self) -> ConditionInputs:
        """The condition as an argument of a grant."""
        return {"title": self.title, "expression": self.expression}


def until(time: str) -> Condition:
    """The condition that holds until `time` (RFC 3339, UTC)."""
    return Condition(f"until {time}", f'request.time < timestamp("{time}")')


def objects_of(bucket: pulumi.Input[str], prefix: str) -> Condition:
    """The condition that holds for the objects whose names begin with `prefix`, and for listing these alone.

    A listing is of the bucket, and says in an attribute of its own for which prefix it asks (IAM: "Attribute reference
    for IAM Conditions", API attributes for Cloud Storage).
    """
    named = pulumi.Output.format('resource.name.startsWith("projects/_/buckets/{0}/objects/{1}")', bucket, prefix)
    return Condition(f"objects {prefix}*"[:100], pulumi.Output.concat(named, f' || {_LISTED}.startsWith("{prefix}")'))
