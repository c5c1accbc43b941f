"""The healthcare service agent: who it is, what it may do with other services, and the log entries of what failed."""

from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, permission_denied
from emulator.services.healthcare.names import StoreName
from emulator.services.healthcare.stores import registry
from emulator.services.serviceusage.catalogue import agent_of
from emulator.services.storage import api

if TYPE_CHECKING:
    from emulator.context import Context

HELP = (
    "See https://cloud.google.com/healthcare/docs/how-tos/permissions-healthcare-api-gcp-products for more information"
)


def email(context: "Context", name: str) -> str:
    """The address of the service agent of the project that a resource name lies in."""
    return agent_of(context, "healthcare", name)


def principal(context: "Context", name: str) -> str:
    """The service agent of the project that a resource name lies in."""
    return f"serviceAccount:{email(context, name)}"


def require(context: "Context", store: str, permissions: tuple[str, ...], resource: str, product: str) -> None:
    """Raise Google's message unless the store's service agent holds the permissions on a resource of a product."""
    who = principal(context, store)
    if not all(context.policies.allows(who, permission, resource) for permission in permissions):
        raise lacks_permission(product)


def may(context: "Context", store: str, permission: str, bucket: str, name: str = "") -> bool:
    """Whether the store's service agent holds a permission on a bucket, or on the object `name` in it.

    False for a bucket that is not there, too: Google says no more of it.
    """
    try:
        return api.may(context, principal(context, store), permission, bucket, name)
    except ApiError:
        return False


def lacks_permission(product: str) -> ApiError:
    """Make the error of a missing grant, in Google's words ("Cloud Storage", "BigQuery")."""
    return permission_denied(f"Healthcare API doesn't have required {product} permission. {HELP}")


def log_entry(
    store: str, message_type: str, code: int, message: str, *, source: str, operation: str = ""
) -> dict[str, Any]:
    """The Cloud Logging entry for one item of a store that failed (Cloud Healthcare: viewing error logs).

    `message_type` is the last word of its payload's type, `code` a google.rpc.Code, `source` the item's name or URI.
    """
    payload = {"error": {"code": code, "message": message}, "source": source}
    return {**note(store, message_type, payload, operation=operation), "severity": "ERROR"}


def note(store: str, message_type: str, payload: dict[str, Any], *, operation: str = "") -> dict[str, Any]:
    """A Cloud Logging entry of a store that tells no failure, with a payload of that type."""
    name, kind = StoreName.parse(store), registry.of_store(store)
    labels = {"project_id": name.project, "location": name.location, "dataset_id": name.dataset_id}
    entry: dict[str, Any] = {
        "logName": f"projects/{name.project}/logs/{kind.log}",
        "severity": "INFO",
        "resource": {"type": kind.log_type, "labels": {**labels, kind.log_label: name.store_id}},
        "jsonPayload": {"@type": f"type.googleapis.com/google.cloud.healthcare.logging.{message_type}", **payload},
    }
    if operation:
        entry["operation"] = {"id": operation, "producer": "healthcare.googleapis.com"}
    return entry
