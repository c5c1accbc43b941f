"""Answers about access in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.access.decisions import Access, Answer, Grant
from scripts.access.principals import Known
from scripts.access.resources import Resource

_VERDICTS = {
    Known.YES: "Yes: {who} may use {permission} on {resource}.",
    Known.NO: "No: {who} may not use {permission} on {resource}.",
    Known.UNKNOWN: "Not known: no grant that shows lets {who} use {permission} on {resource}, and some can't be seen.",
}
_CONDITIONS = {
    Known.YES: "its condition {condition} holds now",
    Known.NO: "its condition {condition} doesn't hold now",
    Known.UNKNOWN: "whether its condition {condition} holds can't be decided here",
}


def verdict(answer: Answer, who: str, permission: str, resource: Resource) -> str:
    """Yes, no or not known, in one sentence."""
    return _VERDICTS[answer.allowed].format(who=who, permission=permission, resource=resource)


def reasons(answer: Answer, who: str, permission: str, resource: Resource) -> Iterator[str]:
    """What decided, or where nothing did, what each grant falls short of; then what could not be looked at."""
    if not answer.grants:
        yield f"No binding on {resource}, or on what it inherits from, names {who} or a group that may hold it."
    for grant in answer.grants:
        if answer.allowed != Known.YES or grant.grants == Known.YES:
            yield sentence(grant, resource, permission)
    yield from (*answer.unread, *answer.unweighed)


def sentence(grant: Grant, resource: Resource | None, permission: str = "") -> str:
    """One grant: member, role, where, and what of it falls short. `resource` is what was asked about."""
    where = grant.binding.resource
    inherited = f", from which {resource} inherits" if resource and where != resource else ""
    said = [f"{grant.member} has {grant.binding.role} on {where}{inherited}", *_shortcomings(grant, permission)]
    return "; ".join(said) + "."


def _shortcomings(grant: Grant, permission: str) -> Iterator[str]:
    if grant.stands == Known.UNKNOWN:
        yield "whether the principal is in it can't be seen"
    if grant.includes == Known.NO:
        yield f"the role lacks {permission}"
    if grant.includes == Known.UNKNOWN:
        yield "what the role consists of can't be seen"
    if grant.denied == Known.YES:
        yield f"{grant.denial} forbids it"
    if grant.denied == Known.UNKNOWN:
        yield f"whether {grant.denial} forbids it can't be decided here"
    if grant.binding.condition:
        yield _CONDITIONS[grant.holds].format(condition=condition(grant))


def condition(grant: Grant) -> str:
    """A binding's condition: its title, and its expression."""
    found = grant.binding.condition
    title = found.get("title", "")
    return f"{title} ({found.get('expression', '')})" if title else found.get("expression", "")


def members(grant: Grant, access: Access) -> list[str] | None:
    """Who is in the group that a grant is to; None where it is to no group, or nobody may say."""
    if not grant.member.startswith("group:"):
        return None
    found = access.groups.members(grant.member)
    return None if found is None else sorted(found)


def as_json(answer: Answer, access: Access) -> dict[str, Any]:
    """An answer for another program; `allowed` is true, false or null where it can't be known."""
    said = {Known.YES: True, Known.NO: False, Known.UNKNOWN: None}
    grants = [
        {
            "member": each.member,
            "role": each.binding.role,
            "resource": each.binding.resource.name,
            "kind": each.binding.resource.kind,
            "condition": dict(each.binding.condition) or None,
            "stands": each.stands,
            "includes": each.includes,
            "holds": each.holds,
            "denied": each.denied,
            "denial": str(each.denial) if each.denial else None,
            "members": members(each, access),
        }
        for each in answer.grants
    ]
    return {
        "allowed": said[answer.allowed],
        "grants": grants,
        "unread": list(answer.unread),
        "unweighed": list(answer.unweighed),
    }
