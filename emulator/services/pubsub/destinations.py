"""Where a subscription's messages are to go by themselves, and with whose rights.

What Pub/Sub would refuse for lack of rights is refused (Pub/Sub: "Authenticate push subscriptions", "BigQuery
subscriptions" and "Cloud Storage subscriptions", each under "Service account permissions").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator import hosts
from emulator.errors import ApiError, invalid_argument, permission_denied
from emulator.services.iam.api import require_act_as
from emulator.services.serviceusage.catalogue import agent_of

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
CheckWriter = Callable[["Context", Body, str], None]
_CHECKS: dict[str, CheckWriter] = {}


def checks(key: str) -> Callable[[CheckWriter], CheckWriter]:
    """Register what refuses a writer without rights on a kind of destination: a subscription's field, its value.

    The service that has the destination registers it: it knows Pub/Sub, not the other way round.
    """

    def register(function: CheckWriter) -> CheckWriter:
        _CHECKS[key] = function
        return function

    return register


def check_form(body: Body) -> None:
    """Raise a 400 for a subscription with two destinations, or an endpoint that is no URL."""
    push = body.get("pushConfig") or {}
    endpoint = push.get("pushEndpoint")
    chosen = [key for key in ("bigqueryConfig", "cloudStorageConfig", "bigtableConfig") if body.get(key)]
    if len(chosen) + bool(endpoint) > 1:
        raise invalid_argument(
            "Invalid subscription: give one of pushConfig.pushEndpoint, bigqueryConfig and cloudStorageConfig at most."
        )
    if endpoint:
        parts = hosts.split(endpoint)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or not endpoint.isprintable():
            raise invalid_argument(f"Invalid push endpoint given (endpoint={endpoint[:200]}).")
    if "noWrapper" in push and "pubsubWrapper" in push:
        raise invalid_argument("Invalid push config: it has one of pubsubWrapper and noWrapper.")


def check(context: Context, principal: str, name: str, body: Body, old: Body | None = None) -> None:
    """Check what is new, against `old`, in a subscription's destinations; `name` is projects/P/subscriptions/S.

    The caller must be allowed to act as each service account he names; whoever writes, that account or else Pub/Sub's
    agent, to write there. Raises 400 for an unreadable table, 403, 404 for no table or bucket.
    """
    changed = {key: value for key, value in body.items() if value and value != (old or {}).get(key)}
    require_act_as(context, principal, changed.get("pushConfig", {}).get("oidcToken", {}).get("serviceAccountEmail"))
    for key, check_writer in _CHECKS.items():
        config = changed.get(key)
        if config:
            require_act_as(context, principal, config.get("serviceAccountEmail"))
            check_writer(context, config, writer_of(context, name, config))


def writer_of(context: Context, subscription: str, config: Body) -> str:
    """The member that writes to a destination: the account that its configuration names, or else Pub/Sub's agent."""
    return f"serviceAccount:{config.get('serviceAccountEmail') or agent_of(context, 'pubsub', subscription)}"


def denied() -> ApiError:
    """The 403 where a destination's writer lacks a permission there."""
    return permission_denied("The caller does not have permission")
