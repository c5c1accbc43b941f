"""Time series: the values of log-based metrics, chosen by a filter, aligned, and reduced to fewer.

Cloud Monitoring: "Filters for metrics", "Aggregation: manipulating time series". A point covers a minute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import invalid_argument, not_implemented
from emulator.gateway import filters
from emulator.gateway.filters import Predicate
from emulator.services.logging import api as logging

if TYPE_CHECKING:
    from emulator.context import Context

MINUTE = logging.MINUTE
_PERIOD = re.compile(r"\d{1,8}(\.\d{1,9})?s", re.ASCII)
_SINGULAR = re.compile(r"\b(metric|resource)\.label\.")
_ALIGNERS: dict[str, Callable[[Sequence[float], float], float]] = {
    "ALIGN_NONE": lambda values, _: sum(values),
    "ALIGN_DELTA": lambda values, _: sum(values),
    "ALIGN_SUM": lambda values, _: sum(values),
    "ALIGN_RATE": lambda values, period: sum(values) / period,
    "ALIGN_COUNT": lambda values, _: float(len(values)),
    "ALIGN_MEAN": lambda values, _: sum(values) / len(values) if values else 0.0,
    "ALIGN_MAX": lambda values, _: max(values, default=0.0),
    "ALIGN_MIN": lambda values, _: min(values, default=0.0),
}
_REDUCERS: dict[str, Callable[[Sequence[float]], float]] = {
    "REDUCE_SUM": sum,
    "REDUCE_COUNT": lambda values: float(len(values)),
    "REDUCE_MEAN": lambda values: sum(values) / len(values),
    "REDUCE_MAX": max,
    "REDUCE_MIN": min,
}


@dataclass
class Series:
    """One time series: descriptors of its metric and resource, and what was counted by the minute (since 1970)."""

    metric: dict[str, Any]
    resource: dict[str, Any]
    value_type: str = "INT64"
    options: dict[str, Any] = field(default_factory=dict)
    points: dict[int, logging.Point] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells it from others."""
        return orjson.dumps([self.metric, self.resource], option=orjson.OPT_SORT_KEYS).decode()


@dataclass(frozen=True)
class Value:
    """A value of a time series at the end of a period, with the labels that aggregation left."""

    metric: dict[str, Any]
    resource: dict[str, Any]
    number: float

    @property
    def key(self) -> str:
        """What tells its series from others."""
        return orjson.dumps([self.metric, self.resource], option=orjson.OPT_SORT_KEYS).decode()


def compile_filter(text: str) -> Predicate:
    """A predicate over a series as JSON, {"metric": {"type", "labels"}, "resource": ...}. Raises a 400."""
    if "metric.type" not in text.replace(" ", ""):
        raise invalid_argument('The filter must say which metric: metric.type="logging.googleapis.com/user/ID".')
    return filters.compile_filter(_SINGULAR.sub(r"\1.labels.", text))


def check(aggregations: Iterable[dict[str, Any]]) -> None:
    """Raise a 400 or 501 for an aggregation that can't be computed."""
    for aggregation in aggregations:
        aligner = aggregation.get("perSeriesAligner", "ALIGN_NONE")
        reducer = aggregation.get("crossSeriesReducer", "REDUCE_NONE")
        if aligner not in _ALIGNERS:
            raise not_implemented(f"The aligner {aligner[:60]} is not emulated; there are {', '.join(_ALIGNERS)}.")
        if reducer not in (*_REDUCERS, "REDUCE_NONE"):
            raise not_implemented(f"The reducer {reducer[:60]} is not emulated; there are {', '.join(_REDUCERS)}.")
        period = aggregation.get("alignmentPeriod", "60s")
        if not _PERIOD.fullmatch(period) or float(period[:-1]) < MINUTE:
            raise invalid_argument("alignmentPeriod is 60 seconds at least, such as 300s.")


def chosen(context: Context, project: str, keep: Predicate, first: int, last: int) -> list[Series]:
    """The series of a project that a filter takes, with their points from one minute up to another."""
    found: dict[str, Series] = {}
    for metric in context.resources.list(logging.METRICS, f"projects/{project}")[0]:
        kind = logging.type_of(metric.name)
        value_type = logging.descriptor(metric)["valueType"]
        for point in logging.points(context, metric.name, first, last):
            made = Series({"type": kind, "labels": point.labels}, point.resource, value_type, metric.body)
            if keep({"metric": made.metric, "resource": made.resource, "project": project}):
                found.setdefault(made.key, made).points[point.minute] = point
    return list(found.values())


def aligned(series: Iterable[Series], aggregations: Sequence[dict[str, Any]], last: int) -> list[Value]:
    """The value of each series over the period that ends with a minute, reduced as the aggregations say."""
    first = aggregations[0] if aggregations else {}
    period = float(first.get("alignmentPeriod", "60s")[:-1])
    minutes = range(last - int(period // MINUTE) + 1, last + 1)
    align = _ALIGNERS[first.get("perSeriesAligner", "ALIGN_NONE")]
    values = [Value(each.metric, each.resource, align(_numbers(each, minutes), period)) for each in series]
    for aggregation in aggregations:
        values = _reduced(values, aggregation)
    return values


def _numbers(series: Series, minutes: range) -> list[float]:
    points = (series.points[minute] for minute in minutes if minute in series.points)
    if series.value_type == "DISTRIBUTION":
        return [point.measured.get("total", 0.0) / point.count for point in points]
    return [float(point.count) for point in points]


def _reduced(values: list[Value], aggregation: dict[str, Any]) -> list[Value]:
    """One value for each combination of the labels that are kept."""
    reducer = aggregation.get("crossSeriesReducer", "REDUCE_NONE")
    if reducer == "REDUCE_NONE":
        return values
    groups: dict[str, list[Value]] = {}
    for value in values:
        kept = _kept(value, aggregation.get("groupByFields", []))
        groups.setdefault(kept.key, []).append(kept)
    reduce = _REDUCERS[reducer]
    return [
        Value(group[0].metric, group[0].resource, reduce([each.number for each in group])) for group in groups.values()
    ]


def _kept(value: Value, fields: Iterable[str]) -> Value:
    """A value with those labels only that are grouped by; the types stay."""
    metric: dict[str, Any] = {"type": value.metric["type"], "labels": {}}
    resource: dict[str, Any] = {"type": value.resource.get("type", ""), "labels": {}}
    for path in fields:
        owner, _, label = _SINGULAR.sub(r"\1.labels.", path).partition(".labels.")
        source, target = (value.metric, metric) if owner == "metric" else (value.resource, resource)
        if label in source.get("labels", {}):
            target["labels"][label] = source["labels"][label]
    return Value(metric, resource, value.number)
