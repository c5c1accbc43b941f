"""GRANT and REVOKE, done on access lists and policies.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-control-language
"""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.access import policy_rules
from emulator.access.hierarchy import PROJECTS
from emulator.services.bigquery import access, catalog, errors
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.sql.plans import GrantStatement

VIEWS = ("VIEW", "MATERIALIZED_VIEW")
TARGETS = {"TABLE": "dclTargetTable", "VIEW": "dclTargetView", "SCHEMA": "dclTargetDataset"}
Pairs = set[tuple[str, str]]


async def run(query: Query, kind: str, wanted: GrantStatement) -> dict[str, Any]:
    """Do what the statement says; gives the job's statistics. Raises 400, 403 and 404."""
    shown: dict[str, Any] = {"statementType": kind}
    if wanted.schema is not None:
        await _of_dataset(query, wanted, wanted.schema)
        return {**shown, TARGETS["SCHEMA"]: wanted.schema.reference}
    if wanted.table is not None:
        await _of_table(query, wanted, wanted.table)
        return {**shown, TARGETS[wanted.kind]: wanted.table.reference}
    await _of_project(query, wanted)
    return shown


def _pairs(wanted: GrantStatement) -> Pairs:
    return {(role, member) for role in wanted.roles for member in wanted.members}


async def _of_dataset(query: Query, wanted: GrantStatement, name: DatasetName) -> None:
    context, permission = query.context, "bigquery.datasets.update"
    catalog.dataset(context, name)
    if not context.policies.allows(query.principal, permission, name.resource):
        raise errors.access_denied("Dataset", name, permission)

    def change(tx: sqlite3.Connection) -> None:
        found = catalog.dataset(context, name, tx)
        change_entries = access.with_grants if wanted.action == "GRANT" else access.without_grants
        entries = change_entries(name, found.body.get("access") or [], _pairs(wanted))
        context.policies.set(tx, name.resource, access.to_policy(name, entries))
        context.resources.replace(tx, catalog.DATASETS, name.resource, {**found.body, "access": entries})

    await context.db.write(change)


async def _of_table(query: Query, wanted: GrantStatement, name: TableName) -> None:
    found = catalog.kind_of(catalog.table(query.context, name).body)
    if (found in VIEWS) != (wanted.kind == "VIEW"):
        said = found.lower().replace("_", " ")
        raise errors.error("invalidQuery", f"{name} is a {said}: write {'VIEW' if found in VIEWS else 'TABLE'}.")
    await _of_policy(query, wanted, "Table", name, name.resource, "bigquery.tables.setIamPolicy")


async def _of_project(query: Query, wanted: GrantStatement) -> None:
    context, project = query.context, query.context.project_id(wanted.project)
    resource = f"projects/{project}"
    if context.resources.get(PROJECTS, resource) is None:
        raise errors.error("notFound", f"Not found: Project {project}")
    await _of_policy(query, wanted, "Project", project, resource, "resourcemanager.projects.setIamPolicy")


async def _of_policy(
    query: Query, wanted: GrantStatement, kind: str, name: object, resource: str, permission: str
) -> None:
    context = query.context

    def change(tx: sqlite3.Connection) -> None:
        policy = context.policies.get(resource, tx)
        before = policy.get("bindings", [])
        change_bindings = policy_rules.with_grants if wanted.action == "GRANT" else policy_rules.without_grants
        after = change_bindings(before, _pairs(wanted))
        roles = policy_rules.changed_roles(before, after)
        if not context.policies.allows_changing(query.principal, permission, resource, roles):
            raise errors.access_denied(kind, name, permission)
        context.policies.set(tx, resource, {**policy, "bindings": after})

    await context.db.write(change)
