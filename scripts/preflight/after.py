"""Checks after `pulumi up`: each grant that somebody's work rests on, found by reading policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from scripts.access.decisions import Access
from scripts.access.principals import Known
from scripts.agents import LATER
from scripts.checks import Check, Undecided
from scripts.connection import Connection
from scripts.errors import CommandError
from scripts.preflight import given, trail
from scripts.preflight.needs import Need, needs


def checks(target: Connection) -> Iterator[Check]:
    """One check for each grant of the program that `status` doesn't look at already, and for each of Google's own."""
    access = Access(target)
    yield from checks_of(access, needs(target.outputs))
    if target.outputs.audit_bucket:
        yield Check("kinds of access that are logged", partial(trail.logged, target))
        yield Check("retention of the audit log", partial(trail.retained, target, target.outputs.audit_bucket))
    if not target.emulated:  # where agents have no part in schedules and pipelines
        yield from given.checks(target, access)


def checks_of(access: Access, wanted: Iterable[Need]) -> Iterator[Check]:
    """One check for each of some needs."""
    return (Check(need.name, partial(_granted, access, need)) for need in wanted)


def _granted(access: Access, need: Need) -> str:
    answer = access.why(need.member, need.permission, need.resource)
    if answer.allowed == Known.YES:
        grant = answer.grants[0]
        return f"{grant.binding.role} on {grant.binding.resource}"
    who = need.member.partition(":")[2]
    said = f"{who} lacks {need.permission} on {need.resource}"
    remedy = f"run `pulumi up --refresh`, which grants {need.role} there"
    held = need.resource.parent if need.resource.kind == "object" else need.resource
    if held and (unread := access.policies.on(held).unread):
        raise Undecided(f"Whether {who} may use {need.permission} can't be seen: {unread[0]}")
    raise CommandError(f"{said}: {remedy}; {LATER}.")
