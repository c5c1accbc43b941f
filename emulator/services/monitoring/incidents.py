"""Incidents: opened by conditions, closed by them or by time, told to channels; they survive a restart.

Google's own API shows them as alerts (`projects.alerts`), and `GET /_emulator/incidents` with what became of each
notification.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.monitoring.alerting import rules
from emulator.services.monitoring.alerting.messages import message
from emulator.services.monitoring.notifying import notify_in
from emulator.services.monitoring.service import POLICIES, SNOOZES
from emulator.settings import project_number
from emulator.state.clock import Clock
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

KEPT = 10_000
_log = logging.getLogger("emulator")


@dataclass(frozen=True)
class Cause:
    """What makes a condition fire: the series that tells incidents apart, what is said of it, and until when it stays.

    values are observed_value and threshold_value where there are any; closes is when the incident closes by itself, in
    seconds since 1970, None for never; pause the seconds between two notifications while it goes on, None for one only.
    """

    series: str
    resource: dict[str, Any]
    metric: dict[str, Any]
    summary: str
    values: dict[str, str]
    closes: float | None = None
    pause: float | None = None


def fire(context: Context, tx: sqlite3.Connection, policy: Resource, condition: dict[str, Any], cause: Cause) -> None:
    """Open an incident of a condition, or let the one that is open go on, in the caller's write."""
    if _is_snoozed(context, tx, policy.name):
        return
    now, key = context.clock.seconds(), (policy.name, condition["name"], cause.series)
    told = _last_told(tx, key)
    tells = told is None or (cause.pause is not None and not 0 <= now - told < cause.pause)
    sql = "SELECT * FROM incidents WHERE policy = ? AND condition = ? AND series = ? AND closed IS NULL"
    row = tx.execute(sql, key).fetchone()
    if row is None:
        tells = tells or cause.pause is None
        row = _open(context, tx, policy, condition, cause, now if tells else told or now)
    else:
        values = (cause.closes, now if tells else row["told"], row["id"])
        tx.execute("UPDATE incidents SET closes = ?, told = ? WHERE id = ?", values)
    if tells:
        _tell(context, tx, row)


def _last_told(tx: sqlite3.Connection, key: tuple[str, str, str]) -> float | None:
    sql = "SELECT max(told) FROM incidents WHERE policy = ? AND condition = ? AND series = ?"
    found: float | None = tx.execute(sql, key).fetchone()[0]
    return found


def _open(
    context: Context, tx: sqlite3.Connection, policy: Resource, condition: dict[str, Any], cause: Cause, told: float
) -> sqlite3.Row:
    """A new incident as it is stored."""
    kept = ("displayName", "userLabels", "severity", "documentation")
    body = {
        "policy": {"name": policy.name, **{key: policy.body[key] for key in kept if key in policy.body}},
        "channels": policy.body.get("notificationChannels", []),
        "tellsClosing": _tells_closing(policy.body),
        "condition": condition,
        "resource": cause.resource,
        "metric": cause.metric,
        "summary": cause.summary,
        "values": cause.values,
    }
    found, project, now = f"0.{context.ids.serial()}", policy.name.split("/")[1], context.clock.seconds()
    tx.execute(
        "INSERT INTO incidents(id, project, policy, condition, series, opened, closes, told, body)"
        " VALUES(?,?,?,?,?,?,?,?,?)",
        (found, project, policy.name, condition["name"], cause.series, now, cause.closes, told, orjson.dumps(body)),
    )
    tx.execute(
        "DELETE FROM incidents WHERE closed IS NOT NULL AND number <= (SELECT max(number) FROM incidents) - ?", (KEPT,)
    )
    _say(context, found, policy.body["displayName"], "opened")
    row: sqlite3.Row = tx.execute("SELECT * FROM incidents WHERE id = ?", (found,)).fetchone()
    return row


def _tells_closing(policy: dict[str, Any]) -> bool:
    """Whether channels are told that an incident has closed (AlertStrategy.notification_prompts)."""
    if any(rules.LOG in condition for condition in policy["conditions"]):
        return False
    return "CLOSED" in policy.get("alertStrategy", {}).get("notificationPrompts", ["OPENED", "CLOSED"])


def close(context: Context, tx: sqlite3.Connection, row: sqlite3.Row, summary: str = "") -> None:
    """Close an incident, in the caller's write."""
    body = orjson.loads(row["body"])
    if summary:
        body["summary"] = summary
    values = (context.clock.seconds(), orjson.dumps(body), row["id"])
    tx.execute("UPDATE incidents SET closed = ?, body = ? WHERE id = ?", values)
    _say(context, row["id"], body["policy"]["displayName"], "closed")
    if body["tellsClosing"]:
        _tell(context, tx, tx.execute("SELECT * FROM incidents WHERE id = ?", (row["id"],)).fetchone())


def close_all(context: Context, tx: sqlite3.Connection, policy: str) -> None:
    """Close the incidents of a policy that is gone or disabled."""
    for row in tx.execute("SELECT * FROM incidents WHERE policy = ? AND closed IS NULL", (policy,)).fetchall():
        close(context, tx, row)


def close_old(context: Context, tx: sqlite3.Connection) -> None:
    """Close the incidents whose time is over."""
    sql = "SELECT * FROM incidents WHERE closed IS NULL AND closes <= ?"
    for row in tx.execute(sql, (context.clock.seconds(),)).fetchall():
        close(context, tx, row)


def is_any_old(context: Context) -> bool:
    """Whether the time of an open incident is over."""
    sql = "SELECT 1 FROM incidents WHERE closed IS NULL AND closes <= ? LIMIT 1"
    return context.db.one(sql, (context.clock.seconds(),)) is not None


def _say(context: Context, incident: str, policy: str, what: str) -> None:
    context.db.after_commit(lambda: _log.warning("incident %s of the alert policy %r %s", incident, policy, what))


def _tell(context: Context, tx: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Tell the channels of the policy as it is now, or was when the incident opened."""
    policy = context.resources.get(POLICIES, row["policy"], tx)
    body = orjson.loads(row["body"])
    channels = body["channels"] if policy is None else policy.body.get("notificationChannels", [])
    notify_in(tx, context, channels, message({**dict(row), **body}, int(project_number(row["project"]))))


def _is_snoozed(context: Context, tx: sqlite3.Connection, policy: str) -> bool:
    """Whether a snooze holds for a policy now; none of its incidents opens then (Cloud Monitoring: snoozes)."""
    now = context.clock.stamp()
    for snooze in context.resources.list(SNOOZES, policy.partition("/alertPolicies/")[0], tx=tx)[0]:
        interval = snooze.body["interval"]
        if policy in snooze.body["criteria"]["policies"] and interval["startTime"] <= now < interval["endTime"]:
            return True
    return False


def alert(row: sqlite3.Row) -> dict[str, Any]:
    """An incident as Google's API shows it: an Alert."""
    body = orjson.loads(row["body"])
    shown = {
        "name": f"projects/{row['project']}/alerts/{row['id']}",
        "state": "OPEN" if row["closed"] is None else "CLOSED",
        "openTime": Clock.stamp_of(row["opened"]),
        "resource": body["resource"],
        "metric": body["metric"],
        "policy": {key: value for key, value in body["policy"].items() if key != "documentation"},
    }
    if rules.LOG in body["condition"]:
        shown["log"] = {"extractedLabels": body["metric"]["labels"]}
    return shown if row["closed"] is None else {**shown, "closeTime": Clock.stamp_of(row["closed"])}


def incident(row: sqlite3.Row) -> dict[str, Any]:
    """An incident as /_emulator/incidents shows it: the alert, its condition, and its notifications."""
    body = orjson.loads(row["body"])
    beside = {"id": row["id"], "condition": body["condition"]["name"], "summary": body["summary"]}
    return {**beside, **alert(row), "notifications": body.get("notifications", [])}
