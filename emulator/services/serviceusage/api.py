"""What other services and the gateway ask of Service Usage, in process."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import ApiError, permission_denied
from emulator.services.serviceusage.catalogue import apis

if TYPE_CHECKING:
    from emulator.context import Context

STATES = "serviceusage.services"
IDENTITIES = "serviceusage.identities"


def state_of(context: Context, project: str, api: str, tx: sqlite3.Connection | None = None) -> str:
    """ENABLED or DISABLED, as `services.get` shows it."""
    stored = context.resources.get(STATES, f"projects/{project}/services/{api}", tx)
    if stored is not None:
        return str(stored.body["state"])
    known = apis().get(api)
    return "ENABLED" if known is not None and known.default else "DISABLED"


def agent_exists(context: Context, email: str, tx: sqlite3.Connection | None = None) -> bool:
    """Whether a service agent of this project exists: its API is enabled, or its identity was generated.

    Agents of APIs that are not listed here count as existing.
    """
    project, number = context.settings.project, context.settings.project_number
    for api in apis().values():
        if api.agent_email(number) == email:
            name = f"projects/{project}/identities/{email}"
            return state_of(context, project, api.name, tx) == "ENABLED" or (
                context.resources.get(IDENTITIES, name, tx) is not None
            )
    return True


def disabled(api: str, project_number: str) -> ApiError:
    """The 403 for an API that was disabled, in Google's words."""
    known = apis().get(api)
    url = f"https://console.developers.google.com/apis/api/{api}/overview?project={project_number}"
    return permission_denied(
        f"{known.title if known else api} has not been used in project {project_number} before or it is disabled. "
        f"Enable it by visiting {url} then retry. If you enabled this API recently, wait a few minutes for the action "
        "to propagate to our systems and retry.",
        reason="accessNotConfigured",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"consumer": f"projects/{project_number}", "service": api},
            }
        ],
    )
