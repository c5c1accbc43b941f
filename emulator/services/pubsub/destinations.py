"""Where a subscription's messages are to go by themselves, and with whose rights.

The emulator keeps push, BigQuery and Cloud Storage subscriptions as declared and delivers nothing by itself; but it
refuses what Pub/Sub would refuse for lack of rights (Pub/Sub: "Authenticate push subscriptions", "BigQuery
subscriptions" and "Cloud Storage subscriptions", each under "Service account permissions").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, invalid_argument, not_found, permission_denied
from emulator.services.iam.api import require_act_as
from emulator.services.serviceusage.catalogue import agent_of

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
_BIGQUERY = ("bigquery.tables.get", "bigquery.tables.updateData")
_STORAGE = ("storage.buckets.get", "storage.objects.create")


def check(context: Context, principal: str, name: str, body: Body, old: Body | None = None) -> None:
    """Check what is new, against `old`, in a subscription's destinations; `name` is projects/P/subscriptions/S.

    The caller must be allowed to act as each service account he names; whoever writes, that account or else Pub/Sub's
    agent, to write there. Raises 400 for an unreadable table, 403, 404 for no table or bucket.
    """
    changed = {key: value for key, value in body.items() if value and value != (old or {}).get(key)}
    agent = agent_of(context, "pubsub", name)
    require_act_as(context, principal, changed.get("pushConfig", {}).get("oidcToken", {}).get("serviceAccountEmail"))
    for key, check_writer in (("bigqueryConfig", _check_table), ("cloudStorageConfig", _check_bucket)):
        config = changed.get(key)
        if config:
            require_act_as(context, principal, config.get("serviceAccountEmail"))
            check_writer(context, config, f"serviceAccount:{config.get('serviceAccountEmail') or agent}")


def _check_table(context: Context, config: Body, writer: str) -> None:
    from emulator.services.bigquery import api as bigquery

    parts = config.get("table", "").rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        raise invalid_argument("bigqueryConfig.table must look like PROJECT.DATASET.TABLE.")
    project, dataset, table = context.project_id(parts[0]), parts[1], parts[2]
    resource = f"projects/{project}/datasets/{dataset}/tables/{table}"
    if not all(context.policies.allows(writer, permission, resource) for permission in _BIGQUERY):
        raise _denied()
    if not bigquery.table_exists(context, project, dataset, table):
        raise not_found(f"Not found: Table {project}:{dataset}.{table}")


def _check_bucket(context: Context, config: Body, writer: str) -> None:
    from emulator.services.storage import api as storage

    bucket = config.get("bucket", "")
    if not all(storage.may(context, writer, permission, bucket) for permission in _STORAGE):
        raise _denied()


def _denied() -> ApiError:
    return permission_denied("The caller does not have permission")
