"""Reading values: time series and descriptors of log-based metrics (Cloud Monitoring: timeSeries.list)."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument, not_found
from emulator.gateway import filters, paging
from emulator.gateway.request import Answer, Request
from emulator.services.logging import api as logging
from emulator.services.monitoring.alerting import series
from emulator.services.monitoring.alerting.series import MINUTE, Series
from emulator.services.monitoring.service import SERVICE
from emulator.state.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT_PAGE, _MAX_PAGE = 100_000, 100_000
_MOST_PERIODS = 61_000  # of a minute, in the six weeks that points are kept
_KEYS = ("alignmentPeriod", "perSeriesAligner", "crossSeriesReducer")


@SERVICE.handles("monitoring.projects.timeSeries.list")
async def list_series(request: Request) -> Answer:
    """The time series of a project that a filter takes, with their points of an interval, newest first."""
    query = request.query
    keep = series.compile_filter(query.get("filter", ""))
    end = _minute(query, "interval.endTime")
    first = _minute(query, "interval.startTime") if "interval.startTime" in query else end
    aggregations = [each for each in map(_aggregation(query), ("aggregation", "secondaryAggregation")) if each]
    series.check(aggregations)
    found = series.chosen(request.context, request.name.split("/")[1], keep, first, end)
    if aggregations:
        shown = await asyncio.to_thread(_aligned, found, aggregations, first, end)
    else:
        shown = [_shown(each) for each in found]
    if query.get("view") == "HEADERS":
        shown = [{key: value for key, value in each.items() if key != "points"} for each in shown]
    page, following = paging.cut(shown, paging.asked(query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"timeSeries": page} if page else {}
    return {**answer, "nextPageToken": following} if following else answer


def _minute(query: dict[str, Any], key: str) -> int:
    try:
        return int(datetime.fromisoformat(query[key]).timestamp()) // MINUTE
    except (KeyError, ValueError):
        raise invalid_argument(f"{key} is a time such as 2026-01-31T12:00:00Z.") from None


def _aggregation(query: dict[str, Any]) -> Any:
    def read(name: str) -> dict[str, Any]:
        found = {key: query[f"{name}.{key}"] for key in _KEYS if f"{name}.{key}" in query}
        fields = query.get(f"{name}.groupByFields")
        return {**found, "groupByFields": fields} if fields else found

    return read


def _interval(last: int, minutes: int = 1) -> dict[str, str]:
    """The interval of a point that ends with a minute."""
    return {
        "startTime": Clock.stamp_of((last - minutes + 1) * MINUTE),
        "endTime": Clock.stamp_of((last + 1) * MINUTE),
    }


def _shown(found: Series) -> dict[str, Any]:
    points = sorted(found.points.items(), reverse=True)
    shown = [{"interval": _interval(minute), "value": _value(found, point)} for minute, point in points]
    kinds = {"metricKind": "DELTA", "valueType": found.value_type}
    return {"metric": found.metric, "resource": found.resource, **kinds, "points": shown}


def _value(found: Series, point: logging.Point) -> dict[str, Any]:
    if found.value_type != "DISTRIBUTION":
        return {"int64Value": str(point.count)}
    return {"distributionValue": logging.distribution(point, found.options)}


def _aligned(found: list[Series], aggregations: Sequence[dict[str, Any]], first: int, end: int) -> list[dict[str, Any]]:
    """Series of one value a period, from the end of the interval backwards."""
    minutes = int(float(aggregations[0].get("alignmentPeriod", "60s")[:-1]) // MINUTE)
    if (end - first) // minutes > _MOST_PERIODS:
        raise invalid_argument(f"The interval has more than {_MOST_PERIODS} periods: ask for fewer, or longer ones.")
    shown: dict[str, dict[str, Any]] = {}
    for last in range(end, first - 1, -minutes):
        for value in series.aligned(found, aggregations, last):
            kinds = {"metricKind": "GAUGE", "valueType": "DOUBLE", "points": []}
            one = shown.setdefault(value.key, {"metric": value.metric, "resource": value.resource, **kinds})
            one["points"].append({"interval": _interval(last, minutes), "value": {"doubleValue": value.number}})
    return list(shown.values())


@SERVICE.handles("monitoring.projects.metricDescriptors.list")
async def list_descriptors(request: Request) -> Answer:
    """The descriptors of the metrics that there are: those of log entries."""
    text = request.query.get("filter", "")
    keep = filters.compile_filter(text.replace("metric.type", "type")) if text else None
    metrics = request.context.resources.list(logging.METRICS, "/".join(request.name.split("/")[:2]))[0]
    found = [each for each in map(logging.descriptor, metrics) if keep is None or keep(each)]
    page, following = paging.cut(found, paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"metricDescriptors": page} if page else {}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles("monitoring.projects.metricDescriptors.get")
async def get_descriptor(request: Request) -> Answer:
    """The descriptor of one metric."""
    project, _, kind = request.name.partition("/metricDescriptors/")
    for metric in request.context.resources.list(logging.METRICS, project)[0]:
        if logging.type_of(metric.name) == kind:
            return logging.descriptor(metric)
    raise not_found(f"Could not find descriptor for metric '{kind[:200]}'.")
