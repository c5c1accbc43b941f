"""Which rows of a table a caller sees: those that its row access policies for the caller let through.

A table without policies shows all. Who is no grantee of any policy sees none, the table's owner not excepted.
https://cloud.google.com/bigquery/docs/row-level-security-intro
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.bigquery import errors
from emulator.services.bigquery.names import TableName

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource

POLICIES = "bigquery.rowAccessPolicies"
READ = "bigquery.rowAccessPolicies.getFilteredData"
ROLE = "roles/bigquery.filteredDataViewer"


def policies_of(context: Context, name: TableName) -> list[Resource]:
    """The row access policies of a table, by name."""
    return list(context.resources.list(POLICIES, name.resource)[0])


def filters(context: Context, name: TableName, principal: str) -> tuple[str, ...] | None:
    """The conditions in GoogleSQL, of which a row fulfils one that the caller sees; None where that is every row."""
    found = policies_of(context, name)
    if not found:
        return None
    granted = [policy.body["filterPredicate"] for policy in found if _grants(context, policy.name, principal)]
    return None if any(text.strip(" ()").upper() == "TRUE" for text in granted) else tuple(granted)


def _grants(context: Context, policy: str, principal: str) -> bool:
    """Whether the caller is a grantee. Roles on what is above say nothing: an owner has to be named, too."""
    if context.policies.allows("", READ, policy):  # everybody may, as where no access is enforced
        return True
    members = context.policies.identities(principal)
    bindings = context.policies.get(policy).get("bindings", [])
    return any(not members.isdisjoint(b["members"]) for b in bindings if b["role"] == ROLE)


def require_all(context: Context, name: TableName, principal: str) -> None:
    """Raise a 403 where the caller does not see every row, for what is done with a table as a whole."""
    if filters(context, name, principal) is not None:
        raise errors.error(
            "accessDenied",
            f"Access Denied: Table {name}: User does not have full access to the table, which has row access policies; "
            "only a policy whose filter is TRUE gives it.",
        )
