"""Tables that Pub/Sub's subscriptions write to (Pub/Sub: "BigQuery subscriptions")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument, not_found
from emulator.services.bigquery import catalog
from emulator.services.bigquery.names import TableName
from emulator.services.pubsub.destinations import checks, denied

if TYPE_CHECKING:
    from emulator.context import Context

_PERMISSIONS = ("bigquery.tables.get", "bigquery.tables.updateData")


@checks("bigqueryConfig")
def check_table(context: Context, config: dict[str, Any], writer: str) -> None:
    """Raise 400 for an unreadable table, 403 where the member `writer` may not write to it, 404 for none."""
    parts = config.get("table", "").rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        raise invalid_argument("bigqueryConfig.table must look like PROJECT.DATASET.TABLE.")
    project, dataset, table = context.project_id(parts[0]), parts[1], parts[2]
    resource = f"projects/{project}/datasets/{dataset}/tables/{table}"
    if not all(context.policies.allows(writer, permission, resource) for permission in _PERMISSIONS):
        raise denied()
    if catalog.find_table(context, TableName(project, dataset, table)) is None:
        raise not_found(f"Not found: Table {project}:{dataset}.{table}")
