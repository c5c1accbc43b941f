"""CREATE and DROP ROW ACCESS POLICY, done on the catalogue."""

from __future__ import annotations

from typing import Any

from emulator.services.bigquery import catalog, errors, row_policies
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.row_access import POLICIES, policies_of
from emulator.services.bigquery.row_policies import PolicyName
from emulator.services.bigquery.sql.plans import PolicyStatement


async def run(query: Query, kind: str, wanted: PolicyStatement) -> dict[str, Any]:
    """Do what the statement says; gives the job's statistics. Raises 400, 403, 404, 409."""
    catalog.table(query.context, wanted.table)
    done = await (_create if wanted.action == "CREATE" else _drop)(query, wanted)
    reference = {**wanted.table.reference, "policyId": wanted.policy}
    shown: dict[str, Any] = {"statementType": kind, "ddlOperationPerformed": done}
    if wanted.policy:
        return {**shown, "ddlTargetRowAccessPolicy": reference}
    return {**shown, "ddlTargetTable": wanted.table.reference}


async def _create(query: Query, wanted: PolicyStatement) -> str:
    context, name = query.context, PolicyName(wanted.table, wanted.policy)
    there = context.resources.get(POLICIES, name.resource) is not None
    if there and wanted.tolerant:
        return "SKIP"
    row_policies.require(context, query.principal, "update" if there and wanted.replace else "create", wanted.table)
    await row_policies.put(context, name, wanted.predicate, wanted.grantees, query.principal, replace=wanted.replace)
    return "REPLACE" if there else "CREATE"


async def _drop(query: Query, wanted: PolicyStatement) -> str:
    context = query.context
    row_policies.require(context, query.principal, "delete", wanted.table)
    found = [item.name.rpartition("/")[2] for item in policies_of(context, wanted.table)]
    if not wanted.policy:
        await row_policies.remove(context, wanted.table, found)
        return "DROP"
    if wanted.policy not in found and wanted.tolerant:
        return "SKIP"
    if found == [wanted.policy]:
        raise errors.error(
            "invalidQuery",
            f"Row access policy {wanted.policy} is the last one of table {wanted.table}; write DROP ALL ROW ACCESS "
            "POLICIES.",
        )
    await row_policies.remove(context, wanted.table, [wanted.policy])
    return "DROP"
