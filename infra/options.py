"""The Pulumi options that every resource of the program has."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi


def options(
    parent: pulumi.Resource, after: Iterable[pulumi.Resource] = (), *, protect: bool = False, keep: bool = False
) -> pulumi.ResourceOptions:
    """Options of a child of `parent` that waits for `after`; Pulumi deletes it only where `protect` is false.

    With `keep` Pulumi forgets the resource where it would delete it.

    A replaced resource goes before its successor comes: names are fixed, and two grants of one role to one member
    are one and the same to Google, so that deleting the old one last would take the new one away.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(after),
        protect=protect,
        delete_before_replace=True,
        retain_on_delete=keep or None,
    )
