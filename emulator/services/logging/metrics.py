"""Log-based metrics: which entries are counted, by which labels, and what of them is measured."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import already_exists, invalid_argument, not_implemented
from emulator.gateway.collections import Collection, create, crud
from emulator.gateway.request import Answer, Request
from emulator.services.logging import counting, extractors, histograms
from emulator.services.logging.counting import METRICS
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_METHODS, _PERMISSIONS = "logging.projects.metrics", "logging.logMetrics"
_SERVER_FIELDS = ("name", "resourceName", "createTime", "updateTime", "version")


def _view(metric: Resource) -> dict[str, Any]:
    times = {"createTime": metric.created, "updateTime": metric.updated, "resourceName": metric.name, "version": "V2"}
    name = counting.id_of(metric.name)
    return {"name": name, **metric.body, "metricDescriptor": counting.descriptor(metric), **times}


def _prepare(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check a metric (LogMetric); its filter, extractors and buckets must be readable, its labels extracted."""
    del request
    body = {key: value for key, value in body.items() if key not in _SERVER_FIELDS}
    if not str(body.get("filter", "")).strip():
        raise invalid_argument("filter is required: it says which log entries are counted.")
    if body.get("bucketName"):
        raise not_implemented("Log-based metrics of a log bucket (bucketName) are not emulated.")
    compile_filter(body["filter"])
    descriptor = body.get("metricDescriptor", {})
    labels = {label.get("key", "") for label in descriptor.get("labels", [])}
    if labels != set(body.get("labelExtractors", {})):
        raise invalid_argument("labelExtractors must have one entry for each label of metricDescriptor, and no other.")
    extractors.compile_all(body.get("labelExtractors", {}))
    _check_values(body, descriptor.get("valueType", "INT64"))
    return body


def _check_values(body: dict[str, Any], value_type: str) -> None:
    """Check that only a distribution measures values, and that it does."""
    extractor = body.get("valueExtractor", "")
    if value_type not in ("INT64", "DISTRIBUTION") or (value_type == "DISTRIBUTION") != bool(extractor):
        raise invalid_argument(
            "A metric of valueType INT64 counts entries and has no valueExtractor; one of DISTRIBUTION has one."
        )
    if extractor:
        extractors.compile_extractor(extractor)
    if options := body.get("bucketOptions"):
        histograms.bounds(options)


def _before(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    del old
    return _prepare(request, body)


def _gone(context: Context, tx: sqlite3.Connection, metric: Resource) -> None:
    counting.forget_points(tx, metric.name)
    counting.changed(context, tx, metric)


METRIC = Collection(
    kind=METRICS,
    segment="metrics",
    id_of=lambda request: str(request.body.get("name", "")).replace("/", "%2F"),
    id_pattern=re.compile(r"([A-Za-z0-9_\-.,+!*'()]|%2F|%){1,100}"),
    prepare=_prepare,
    prepare_update=_before,
    view=_view,
    after_create=counting.changed,
    after_delete=_gone,
)
crud(SERVICE, METRIC, _METHODS, ("get", "list", "delete"), _PERMISSIONS)


@SERVICE.handles(f"{_METHODS}.create", permission=f"{_PERMISSIONS}.create")
async def create_metric(request: Request) -> Answer:
    """Create a metric, which counts from now on."""
    name = str(request.body.get("name", ""))
    if request.context.resources.get(METRICS, counting.name_of(request.name, name)) is not None:
        raise already_exists(f"Metric {name} already exists")
    return _view(await create(METRIC, request))


@SERVICE.handles(f"{_METHODS}.update", permission=f"{_PERMISSIONS}.update")
async def update_metric(request: Request) -> Answer:
    """Replace a metric, or create it where there is none; its kind, type of values and labels stay."""
    context, name = request.context, request.name
    body = _prepare(request, dict(request.body))
    if request.body.get("name", counting.id_of(name)) != counting.id_of(name):
        raise invalid_argument("name must be that of the metric in the URL.")

    def step(tx: sqlite3.Connection) -> Resource:
        old = context.resources.get(METRICS, name, tx)
        if old is None:
            made = context.resources.insert(tx, METRICS, name, name.partition("/metrics/")[0], body)
        else:
            _require_same_descriptor(old, body)
            made = context.resources.replace(tx, METRICS, name, body)
        counting.changed(context, tx, made)
        return made

    return _view(await context.db.write(step))


def _require_same_descriptor(old: Resource, body: dict[str, Any]) -> None:
    def kept(found: dict[str, Any]) -> tuple[str, str]:
        descriptor = found.get("metricDescriptor", {})
        return descriptor.get("metricKind", "DELTA"), descriptor.get("valueType", "INT64")

    if kept(old.body) != kept(body):
        raise invalid_argument("metricKind and valueType of a metric can't be changed; delete it and create another.")
