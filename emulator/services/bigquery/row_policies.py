"""rowAccessPolicies: insert, get, list, update, delete, batchDelete, and their IAM policies, which name the grantees.

https://cloud.google.com/bigquery/docs/reference/rest/v2/rowAccessPolicies
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.access.members import check_member
from emulator.errors import ApiError
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request, Response
from emulator.services.bigquery import catalog, errors, iam_methods, views, warehouse
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.requests import asked_page, check_etag, on_table, table_of
from emulator.services.bigquery.row_access import POLICIES, ROLE, policies_of
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql import scripts
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

POLICY_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,255}\Z")
MAX_POLICIES = 400  # BigQuery: row access policies of a table


@dataclass(frozen=True)
class PolicyName:
    """A row access policy of a table."""

    table: TableName
    policy: str

    @property
    def resource(self) -> str:
        """Its resource name, under which its IAM policy is kept."""
        return f"{self.table.resource}/rowAccessPolicies/{self.policy}"

    def __str__(self) -> str:
        return f"{self.table}.{self.policy}"


def policy_of(request: Request) -> PolicyName:
    """The row access policy of the path."""
    return PolicyName(table_of(request), request.path["policyId"])


def on_policy(request: Request) -> str:
    """The row access policy of the path, for permission checks."""
    return policy_of(request).resource


def _missing(name: PolicyName) -> ApiError:
    return errors.error("notFound", f"Not found: Row access policy {name.policy} on table {name.table}")


def needed(action: str) -> tuple[str, ...]:
    """The permissions that it takes to create, update or delete policies of a table (each method's page)."""
    both = (f"bigquery.rowAccessPolicies.{action}", "bigquery.rowAccessPolicies.setIamPolicy")
    return both if action == "delete" else (*both, "bigquery.tables.getData")


def require(context: Context, principal: str, action: str, table: TableName) -> None:
    """Raise a 403 where the caller may not create, update or delete policies of a table."""
    for permission in needed(action):
        if not context.policies.allows(principal, permission, table.resource):
            raise errors.access_denied("Table", table, permission)


async def put(
    context: Context, name: PolicyName, predicate: str, grantees: Iterable[str], principal: str, *, replace: bool
) -> Resource:
    """Keep a policy, new or in the place of the one there is. Raises 400, 403, 404, 409."""
    if not POLICY_ID.match(name.policy):
        raise errors.invalid(f'Invalid row access policy ID "{name.policy[:80]}": letters, digits and underscores.')
    found = catalog.table(context, name.table)
    if catalog.kind_of(found.body) not in ("TABLE", "EXTERNAL"):
        raise errors.invalid(f"{name.table} is a {catalog.kind_of(found.body)}: only tables have row access policies.")
    listed = list(dict.fromkeys(grantees))
    for member in listed:
        check_member(member)
    info = (await views.snapshot(context, [name.table], principal)).tables[name.table]
    await warehouse.of(context).run(scripts.check_predicate, predicate, principal, info, short=True)

    def change(tx: sqlite3.Connection) -> Resource:
        catalog.table(context, name.table, tx)
        there = context.resources.get(POLICIES, name.resource, tx)
        if there is not None and not replace:
            raise errors.duplicate("Row access policy", name)
        if there is None and len(context.resources.list(POLICIES, name.table.resource, tx=tx)[0]) >= MAX_POLICIES:
            raise errors.invalid(f"Table {name.table} has {MAX_POLICIES} row access policies; no more are possible.")
        body = {"filterPredicate": predicate}
        bindings = [{"role": ROLE, "members": listed}] if listed else []
        made = (
            context.resources.insert(tx, POLICIES, name.resource, name.table.resource, body)
            if there is None
            else context.resources.replace(tx, POLICIES, name.resource, body)
        )
        context.policies.set(tx, name.resource, {"bindings": bindings})
        return made

    return await context.db.write(change)


async def remove(context: Context, table: TableName, names: Iterable[str]) -> None:
    """Delete policies of a table, all or none. Raises 404."""

    def change(tx: sqlite3.Connection) -> None:
        for each in names:
            name = PolicyName(table, each)
            if context.resources.get(POLICIES, name.resource, tx) is None:
                raise _missing(name)
            context.resources.delete_tree(tx, name.resource)
        context.db.after_commit(context.policies.forget)

    await context.db.write(change)


async def copy(context: Context, source: TableName, target: TableName) -> None:
    """Give a table the policies of another one in the place of its own (BigQuery: copy jobs)."""

    def change(tx: sqlite3.Connection) -> None:
        for old in context.resources.list(POLICIES, target.resource, tx=tx)[0]:
            context.resources.delete_tree(tx, old.name)
        for policy in context.resources.list(POLICIES, source.resource, tx=tx)[0]:
            name = PolicyName(target, policy.name.rpartition("/")[2])
            context.resources.insert(tx, POLICIES, name.resource, target.resource, policy.body)
            bindings = context.policies.get(policy.name, tx).get("bindings", [])
            context.policies.set(tx, name.resource, {"bindings": bindings})
        context.db.after_commit(context.policies.forget)

    if source != target and (policies_of(context, source) or policies_of(context, target)):
        await context.db.write(change)


def view(resource: Resource) -> dict[str, Any]:
    """A policy as the API shows it; its grantees are shown by getIamPolicy alone."""
    _, project, _, dataset, _, table, _, policy = resource.name.split("/", 7)
    reference = {"projectId": project, "datasetId": dataset, "tableId": table, "policyId": policy}
    return {
        "rowAccessPolicyReference": reference,
        "filterPredicate": resource.body["filterPredicate"],
        "etag": resource.etag,
        "creationTime": resource.created,
        "lastModifiedTime": resource.updated,
    }


@SERVICE.handles("bigquery.rowAccessPolicies.insert", permission=needed("create"), on=on_table)
async def insert(request: Request) -> Answer:
    """Create a policy."""
    context, body, table = request.context, request.body, table_of(request)
    policy = (body.get("rowAccessPolicyReference") or {}).get("policyId")
    if not policy or not body.get("filterPredicate"):
        raise errors.invalid("A row access policy needs rowAccessPolicyReference.policyId and filterPredicate.")
    name, grantees = PolicyName(table, policy), body.get("grantees") or []
    return view(await put(context, name, body["filterPredicate"], grantees, request.principal, replace=False))


@SERVICE.handles("bigquery.rowAccessPolicies.get", on=on_policy)
async def get(request: Request) -> Answer:
    """Show a policy."""
    return view(_found(request))


def _found(request: Request) -> Resource:
    name = policy_of(request)
    catalog.table(request.context, name.table)
    found = request.context.resources.get(POLICIES, name.resource)
    if found is None:
        raise _missing(name)
    return found


@SERVICE.handles("bigquery.rowAccessPolicies.list", on=on_table)
async def list_(request: Request) -> Answer:
    """List the policies of a table."""
    context, table = request.context, table_of(request)
    catalog.table(context, table)
    page = (
        asked_page(request, 50, str)
        if "maxResults" in request.query
        else paging.asked(request.query, 50, 1000, str, refuse=errors.invalid)
    )
    found = [item for item in policies_of(context, table) if not page.after or item.name > page.after[0]]
    shown = found[: page.size]
    answer: dict[str, Any] = {"rowAccessPolicies": [view(item) for item in shown]} if shown else {}
    if len(found) > page.size and shown:
        answer["nextPageToken"] = paging.encode(shown[-1].name)
    return answer


@SERVICE.handles("bigquery.rowAccessPolicies.update", permission=needed("update"), on=on_policy)
async def update(request: Request) -> Answer:
    """Replace a policy's filter and grantees."""
    context, name = request.context, policy_of(request)
    check_etag(request, _found(request))
    predicate, grantees = request.body.get("filterPredicate"), request.body.get("grantees") or []
    if not predicate:
        raise errors.invalid("Required parameter is missing: filterPredicate")
    return view(await put(context, name, predicate, grantees, request.principal, replace=True))


@SERVICE.handles("bigquery.rowAccessPolicies.delete", permission=needed("delete"), on=on_policy)
async def delete(request: Request) -> Answer:
    """Delete a policy; the last one only where force says so, since then everybody sees all rows."""
    context, name = request.context, policy_of(request)
    _found(request)
    _check_last(context, name.table, [name.policy], force=bool(request.query.get("force")))
    await remove(context, name.table, [name.policy])
    return Response(204)


@SERVICE.handles("bigquery.rowAccessPolicies.batchDelete", permission=needed("delete"), on=on_table)
async def batch_delete(request: Request) -> Answer:
    """Delete several policies of a table."""
    context, table = request.context, table_of(request)
    names = list(request.body.get("policyIds") or [])
    _check_last(context, table, names, force=bool(request.body.get("force")))
    await remove(context, table, names)
    return Response(204)


def _check_last(context: Context, table: TableName, names: list[str], *, force: bool) -> None:
    left = {item.name.rpartition("/")[2] for item in policies_of(context, table)} - set(names)
    if not left and not force:
        raise errors.invalid(
            f"Deleting the last row access policy of table {table} lets everybody who may read it see all of its rows; "
            "set force to do so."
        )


def _policy_resource(request: Request) -> str:
    _, project, _, dataset, _, table, _, policy = request.path["resource"].split("/", 7)
    name = PolicyName(TableName(request.context.project_id(project), dataset, table), policy)
    if request.context.resources.get(POLICIES, name.resource) is None:
        raise _missing(name)
    return name.resource


iam_methods.register("bigquery.rowAccessPolicies", _policy_resource, settable=False)
