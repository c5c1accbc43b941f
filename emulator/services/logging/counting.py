"""The points of log-based metrics: entries counted by the minute, in the write that stores them.

Excluded entries count, too (Logging: "User-defined log-based metrics are calculated from both included and excluded
logs"). Points are kept for six weeks, as Google does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from emulator.gateway.filters import Predicate
from emulator.services.logging import histograms
from emulator.services.logging.extractors import Extractor, compile_all, compile_extractor
from emulator.services.logging.fields import parse_time
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.observing import Stored, observes
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

METRICS = "logging.metrics"
PREFIX = "logging.googleapis.com/user/"
MINUTE = 60
_KEPT_MINUTES = 6 * 7 * 24 * 60
_COUNTERS = "logging.counters"


@dataclass(frozen=True)
class _Counter:
    """A metric that counts: its name, the entries it takes, their labels, and what is measured of them."""

    metric: str
    keep: Predicate
    labels: Callable[[dict[str, Any]], dict[str, str]]
    value: Extractor | None
    limits: list[float]


@dataclass
class _Group:
    """What one write adds to one point."""

    count: int = 0
    measured: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """What was counted of one minute (of the clock, since 1970), by labels of the metric and the resource."""

    minute: int
    labels: dict[str, str]
    resource: dict[str, Any]
    count: int
    measured: dict[str, Any]


def id_of(name: str) -> str:
    """The id of a metric out of its resource name, in which its slashes are %2F."""
    return name.partition("/metrics/")[2].replace("%2F", "/")


def name_of(project: str, metric: str) -> str:
    """The resource name of a metric, by its project (projects/P) and its id."""
    return f"{project}/metrics/{metric.replace('/', '%2F')}"


def type_of(name: str) -> str:
    """Under which type Monitoring has the values of a metric."""
    return PREFIX + id_of(name)


def descriptor(metric: Resource) -> dict[str, Any]:
    """The MetricDescriptor of a metric, with what Logging fills in."""
    given = metric.body.get("metricDescriptor", {})
    kind = type_of(metric.name)
    filled = {"metricKind": "DELTA", "valueType": "INT64", "unit": "1"}
    named = {"name": f"{metric.parent}/metricDescriptors/{kind}", "type": kind}
    return {**filled, "description": metric.body.get("description", ""), **given, **named}


def points(context: Context, metric: str, first: int, last: int) -> list[Point]:
    """The points of a metric from one minute up to another, oldest first."""
    sql = "SELECT * FROM log_metric_points WHERE metric = ? AND minute BETWEEN ? AND ? ORDER BY minute"
    return [_point(row) for row in context.db.all(sql, (metric, first, last))]


def _point(row: sqlite3.Row) -> Point:
    labels, resource, measured = (orjson.loads(row[key]) for key in ("labels", "resource", "measured"))
    return Point(row["minute"], labels, resource, row["count"], measured)


def forget_points(tx: sqlite3.Connection, metric: str) -> None:
    """Delete what a metric counted, in the caller's write."""
    tx.execute("DELETE FROM log_metric_points WHERE metric = ?", (metric,))


def changed(context: Context, _tx: sqlite3.Connection, _metric: Resource) -> None:
    """After a metric's change is written, read the metrics anew."""
    context.db.after_commit(lambda: context.extensions.pop(_COUNTERS, None))


@observes
def count(context: Context, tx: sqlite3.Connection, entries: Sequence[Stored]) -> None:
    """Add entries to the points of the metrics that take them."""
    counters: dict[str, list[_Counter]] | None = context.extensions.get(_COUNTERS)
    if counters is None:
        counters = context.extensions[_COUNTERS] = _counters(tx)
    groups: dict[tuple[str, int, str, str], _Group] = {}
    for stored in entries if counters else ():
        for counter in counters.get(stored.project, ()):
            if counter.keep(stored.entry):
                _add(groups, counter, stored.entry)
    if groups:
        _write(tx, groups)


def _counters(tx: sqlite3.Connection) -> dict[str, list[_Counter]]:
    """The metrics that count, by project."""
    found: dict[str, list[_Counter]] = {}
    for row in tx.execute("SELECT name, body FROM resources WHERE kind = ?", (METRICS,)):
        body = orjson.loads(row["body"])
        if body.get("disabled"):
            continue
        extractor = body.get("valueExtractor")
        counter = _Counter(
            row["name"],
            compile_filter(body["filter"]),
            compile_all(body.get("labelExtractors", {})),
            compile_extractor(extractor) if extractor else None,
            histograms.bounds(body.get("bucketOptions") or histograms.DEFAULT),
        )
        found.setdefault(row["name"].split("/")[1], []).append(counter)
    return found


def _add(groups: dict[tuple[str, int, str, str], _Group], counter: _Counter, entry: dict[str, Any]) -> None:
    value = None
    if counter.value is not None:
        try:
            value = float(counter.value(entry) or "")
        except ValueError:  # what is no number is not measured
            return
    minute = int(parse_time(entry["timestamp"]).timestamp()) // MINUTE
    key = (counter.metric, minute, _text(counter.labels(entry)), _text(entry.get("resource", {})))
    group = groups.setdefault(key, _Group())
    group.count += 1
    if value is not None:
        histograms.add(group.measured, value, counter.limits)


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _write(tx: sqlite3.Connection, groups: dict[tuple[str, int, str, str], _Group]) -> None:
    select = "SELECT count, measured FROM log_metric_points WHERE (metric, minute, labels, resource) = (?,?,?,?)"
    for key, group in groups.items():
        row = tx.execute(select, key).fetchone()
        if row is not None:
            group.count += row["count"]
            if measured := orjson.loads(row["measured"]):
                histograms.merge(group.measured, measured)
        values = (*key, group.count, _text(group.measured))
        tx.execute("INSERT OR REPLACE INTO log_metric_points VALUES(?,?,?,?,?,?)", values)
    newest = max(minute for _, minute, _, _ in groups)
    tx.execute("DELETE FROM log_metric_points WHERE minute < ?", (newest - _KEPT_MINUTES,))
