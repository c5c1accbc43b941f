"""Deny policies of projects, folders and organizations (IAM v2, policies of kind denypolicies).

Their changes answer with operations, which are done already.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import UUID

import orjson

from emulator.access import conditions
from emulator.access.custom_roles import may_hold
from emulator.access.denials import DENIALS, PERMISSION, as_principal, in_v1_form
from emulator.access.hierarchy import ORGANIZATION, by_id, by_number
from emulator.errors import aborted, already_exists, invalid_argument, not_found, resource_exhausted
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.iam import members
from emulator.services.iam.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]

_KIND = "denypolicies"
_OPERATIONS = "iam.denyPolicyOperations"
_HOST = "cloudresourcemanager.googleapis.com"
_POINT = re.compile(rf"{_HOST}/((?:projects|folders|organizations)/[^/]+)")
_ID = re.compile(r"[a-z][a-z0-9.-]{2,62}")
_FIELDS = ("displayName", "annotations", "rules")
# IAM: "Quotas and limits".
_MOST_POLICIES = _MOST_RULES = 500
_MOST_PRINCIPALS = 2500
_PRINCIPALS = ("deniedPrincipals", "exceptionPrincipals")
_PAGE = 1000  # listPolicies ignores the size that is asked for
_PRINCIPAL = re.compile(
    r"principal://goog/subject/[^/\s]+@[^/\s]+|principalSet://goog/(group/[^/\s]+@[^/\s]+|public:all)"
    r"|principalSet://goog/cloudIdentityCustomerId/[A-Za-z0-9]+"
    r"|principal(Set)?://(iam|cloudresourcemanager)\.googleapis\.com/\S+"
    r"|deleted:principal(Set)?://\S+"
)
_TAG_FUNCTION = re.compile(r"resource\.(hasTagKeyId|hasTagKey|matchTagId|matchTag)\(")


@dataclass(frozen=True)
class PolicyName:
    """A deny policy, or ("" for an id) all of a resource: what it is attached to, as in projects/ID, and its id."""

    attached: str
    id: str = ""

    @staticmethod
    def parse(context: Context, text: str) -> PolicyName:
        """Of policies/ATTACHMENT_POINT/denypolicies[/ID]. Raises a 400."""
        point, _, rest = text.removeprefix("policies/").partition("/")
        kind, _, policy = rest.partition("/")
        found = _POINT.fullmatch(unquote(point))
        if found is None or kind != _KIND:
            raise invalid_argument(
                f'Invalid name "{text[:200]}": it is policies/ATTACHMENT_POINT/denypolicies, where the attachment point'
                f" is {_HOST}/projects/ID, /folders/NUMBER or /organizations/NUMBER with its slashes as %2F."
            )
        return PolicyName(by_id(context, found[1]), policy.partition("/")[0])

    @property
    def stored(self) -> str:
        """The name of its resource in the state."""
        return f"{self.attached}/{_KIND}/{self.id}"

    def shown(self, context: Context) -> str:
        """As answers have it: with the number of a project, and encoded slashes."""
        point = f"{_HOST}/{by_number(context, self.attached)}".replace("/", "%2F")
        return f"policies/{point}/{_KIND}/{self.id}"


def _name(request: Request) -> PolicyName:
    return PolicyName.parse(request.context, request.name)


def _attached(request: Request) -> str:
    """The resource that a policy is attached to: permissions are asked on it."""
    return _name(request).attached


def _view(context: Context, policy: Resource, *, rules: bool = True) -> Body:
    shown = {key: policy.body[key] for key in _FIELDS if policy.body.get(key) and (rules or key != "rules")}
    return {
        "name": PolicyName(policy.parent, policy.id).shown(context),
        "uid": policy.body["uid"],
        "kind": "DenyPolicy",
        **shown,
        "etag": policy.etag,
        "createTime": policy.created,
        "updateTime": policy.updated,
    }


@SERVICE.handles("iam.policies.createPolicy", permission="iam.denypolicies.create", on=_attached)
async def create(request: Request) -> Answer:
    """Attach a policy to a resource."""
    context = request.context
    policy_id = request.query.get("policyId", "")
    if not _ID.fullmatch(policy_id):
        raise invalid_argument(
            f'Invalid policy id "{policy_id[:80]}": it has 3 to 63 lower-case letters, digits, dashes and periods, and'
            " begins with a letter."
        )
    name = PolicyName(_attached(request), policy_id)
    body = {**_checked(request.body), "uid": str(UUID(hex=context.ids.hex()))}

    def step(tx: sqlite3.Connection) -> Body:
        if context.resources.get(DENIALS, name.stored, tx) is not None:
            raise already_exists(f"Policy {name.shown(context)} already exists.")
        _require_room(context, tx, name, body)
        policy = context.resources.insert(tx, DENIALS, name.stored, name.attached, body)
        return _done(context, tx, name, _view(context, policy))

    return await context.db.write(step)


@SERVICE.handles("iam.policies.get", permission="iam.denypolicies.get", on=_attached)
async def get(request: Request) -> Answer:
    """One policy."""
    return _view(request.context, _require(request.context, _name(request)))


@SERVICE.handles("iam.policies.listPolicies", permission="iam.denypolicies.list", on=_attached)
async def list_policies(request: Request) -> Answer:
    """The policies of a resource, without their rules."""
    context = request.context
    page = paging.asked({**request.query, "pageSize": _PAGE}, _PAGE, _PAGE, str)
    found, last = context.resources.list(DENIALS, _attached(request), page.size, page.name)
    answer: Body = {"policies": [_view(context, policy, rules=False) for policy in found]} if found else {}
    if last:
        answer["nextPageToken"] = paging.encode(last)
    return answer


@SERVICE.handles("iam.policies.update", permission="iam.denypolicies.update", on=_attached)
async def update(request: Request) -> Answer:
    """Replace display name, annotations and rules."""
    context, name = request.context, _name(request)
    body = _checked(request.body)

    def step(tx: sqlite3.Connection) -> Body:
        policy = _require(context, name, tx, request.body.get("etag"))
        _require_room(context, tx, name, body)
        new = context.resources.replace(tx, DENIALS, name.stored, {**body, "uid": policy.body["uid"]})
        return _done(context, tx, name, _view(context, new))

    return await context.db.write(step)


@SERVICE.handles("iam.policies.delete", permission="iam.denypolicies.delete", on=_attached)
async def delete(request: Request) -> Answer:
    """Take a policy away."""
    context, name = request.context, _name(request)

    def step(tx: sqlite3.Connection) -> Body:
        policy = _require(context, name, tx, request.query.get("etag"))
        context.resources.delete(tx, DENIALS, name.stored)
        return _done(context, tx, name, {**_view(context, policy), "deleteTime": context.clock.stamp()})

    return await context.db.write(step)


@SERVICE.handles("iam.policies.operations.get", permission="iam.denypolicies.get", on=_attached)
async def get_operation(request: Request) -> Answer:
    """An operation of an earlier call."""
    name = _name(request)
    operation = request.name.rsplit("/", 1)[-1]
    found = request.context.resources.get(_OPERATIONS, f"{name.stored}/operations/{operation}")
    if found is None:
        raise not_found(f"Operation {operation[:80]} was not found.")
    return found.body


@members.renames
def rename(tx: sqlite3.Connection, context: Context, before: str, after: str) -> None:
    """Put a deleted account's own form in place of its principal in every deny policy, and back."""
    renamed = (as_principal(before), as_principal(after))
    for row in tx.execute("SELECT name FROM resources WHERE kind = ?", (DENIALS,)).fetchall():
        policy = context.resources.require(DENIALS, row["name"], tx)
        body = orjson.loads(orjson.dumps(policy.body))
        lists = [_rule(rule).get(key, []) for rule in body["rules"] for key in _PRINCIPALS]
        for principals in (each for each in lists if renamed[0] in each):
            principals[principals.index(renamed[0])] = renamed[1]
        if body != policy.body:
            context.resources.replace(tx, DENIALS, policy.name, body)


def _done(context: Context, tx: sqlite3.Connection, name: PolicyName, policy: Body) -> Body:
    """The operation of a change, kept in the same write; once that is durable, decisions are made anew."""
    operation = context.ids.number()
    answer = {
        "name": f"{name.shown(context)}/operations/{operation}",
        "metadata": {
            "@type": "type.googleapis.com/google.iam.v2.PolicyOperationMetadata",
            "createTime": context.clock.stamp(),
        },
        "done": True,
        "response": {"@type": "type.googleapis.com/google.iam.v2.Policy", **policy},
    }
    context.resources.insert(tx, _OPERATIONS, f"{name.stored}/operations/{operation}", name.stored, answer)
    context.db.after_commit(context.policies.forget)
    return answer


def _require(
    context: Context, name: PolicyName, tx: sqlite3.Connection | None = None, etag: str | None = None
) -> Resource:
    """The policy of that name. Raises 404 for none, 409 ABORTED where an etag was given and another one is stored."""
    policy = context.resources.get(DENIALS, name.stored, tx)
    if policy is None:
        raise not_found(f"Policy {name.shown(context)} does not exist.")
    if etag and etag != policy.etag:
        raise aborted(f"The etag of policy {name.shown(context)} is not the one given: it was changed. Read it again.")
    return policy


def _require_room(context: Context, tx: sqlite3.Connection, name: PolicyName, body: Body) -> None:
    others = [each for each in context.resources.list(DENIALS, name.attached, tx=tx)[0] if each.id != name.id]
    rules = [rule for each in (*(other.body for other in others), body) for rule in each.get("rules", [])]
    principals = sum(len(_rule(rule).get(key, ())) for rule in rules for key in _PRINCIPALS)
    for noun, count, most in (
        ("policies", len(others) + 1, _MOST_POLICIES),
        ("rules", len(rules), _MOST_RULES),
        ("principals", principals, _MOST_PRINCIPALS),
    ):
        if count > most:
            raise resource_exhausted(f"The deny policies of {name.attached} may have at most {most:,} {noun} together.")


def _rule(rule: Body) -> Body:
    return rule.get("denyRule") or {}


def _checked(policy: Body) -> Body:
    """The fields of a policy that are kept. Raises a 400 for a rule that denies nothing, or nobody in v2's form."""
    rules = policy.get("rules") or []
    if not rules:
        raise invalid_argument("A deny policy must have at least one rule.")
    for rule in map(_rule, rules):
        _check(rule)
    return {key: policy[key] for key in _FIELDS if policy.get(key)}


def _check(rule: Body) -> None:
    for key in ("deniedPrincipals", "deniedPermissions"):
        if not rule.get(key):
            raise invalid_argument(f"A deny rule must have {key}.")
    for principal in (*rule["deniedPrincipals"], *rule.get("exceptionPrincipals", ())):
        if not _PRINCIPAL.fullmatch(principal):
            raise invalid_argument(
                f'Invalid principal "{principal[:200]}": a deny policy names it as in principal://goog/subject/ADDRESS,'
                " principalSet://goog/group/ADDRESS, principalSet://goog/public:all or"
                " principal://iam.googleapis.com/projects/-/serviceAccounts/ADDRESS."
            )
    for permission in (*rule["deniedPermissions"], *rule.get("exceptionPermissions", ())):
        if not PERMISSION.fullmatch(permission):
            raise invalid_argument(
                f'Invalid permission "{permission[:200]}": a deny policy names it as in'
                " storage.googleapis.com/objects.delete."
            )
        if "*" not in permission and not may_hold(ORGANIZATION, in_v1_form(permission)):
            raise invalid_argument(f'Invalid permission "{permission[:200]}": there is none of that name.')
    expression = (rule.get("denialCondition") or {}).get("expression", "")
    if expression:
        conditions.check(expression)
        _require_tags_alone(expression)


def _require_tags_alone(expression: str) -> None:
    if "resource." in _TAG_FUNCTION.sub("", expression) or "request." in expression or "api." in expression:
        raise invalid_argument("A denial condition may use functions of resource tags, and no other attributes.")
