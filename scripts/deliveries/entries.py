"""Log entries in which services tell of their own work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.connection import Connection


def newest(target: Connection, wanted: str, hours: float, until: float = 0) -> dict[str, Any] | None:
    """The newest entry of the stack's project that a filter of Cloud Logging takes; None where there is none.

    Of the last `hours`, but for the last `until` of them.
    """
    now = datetime.now(UTC)
    span = " AND ".join(
        f'timestamp{sign}"{(now - timedelta(hours=each)).isoformat()}"' for sign, each in ((">=", hours), ("<=", until))
    )
    body = {
        "resourceNames": [f"projects/{target.outputs.project}"],
        "filter": f"({wanted}) AND {span}",
        "orderBy": "timestamp desc",
        "pageSize": 1,
    }
    logs = target.api("logging", "v2").entries()
    while True:
        page = target.execute(logs.list(body=body))
        if page.get("entries") or not page.get("nextPageToken"):
            return next(iter(page.get("entries", [])), None)
        body["pageToken"] = page["nextPageToken"]
