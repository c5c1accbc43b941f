"""Cloud Logging: the sinks and log-based metrics of a project, and views of buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.model import Call, Resource, parse, props
from emulator.provider.rest import Rest
from emulator.provider.settings import Settings

_SINK = "projects/{project}/sinks/{name}"
_WRITER = {"uniqueWriterIdentity": "{uniqueWriterIdentity}"}

PROJECT_SINK = Resource(
    resource_type="gcp:logging/projectSink:ProjectSink",
    service="logging",
    id=_SINK,
    imports=(_SINK,),
    create=Call("POST", "projects/{project}/sinks", _WRITER),
    read=Call("GET", _SINK),
    update=Call("PATCH", _SINK, _WRITER),
    delete=Call("DELETE", _SINK),
    address=props("name project"),
    unsent=props("project"),
    local=props("uniqueWriterIdentity customWriterIdentity"),
    immutable=props("name project uniqueWriterIdentity"),
    computed=props("project bigqueryOptions"),
    defaults={"uniqueWriterIdentity": True},
)

METRIC = Resource(
    resource_type="gcp:logging/metric:Metric",
    service="logging",
    id="{name}",
    imports=("{project} {name}", "{name}"),
    create=Call("POST", "projects/{project}/metrics"),
    read=Call("GET", "projects/{project}/metrics/{name}"),
    update=Call("PUT", "projects/{project}/metrics/{name}"),
    delete=Call("DELETE", "projects/{project}/metrics/{name}"),
    address=props("name project"),
    unsent=props("project"),
    immutable=props("name project"),
    computed=props("project metricDescriptor metricDescriptor.unit metricDescriptor.labels.valueType"),
    unordered=props("metricDescriptor.labels"),
    mask=False,
    whole=True,
)

_VIEW = "{+parent}/locations/{location}/buckets/{bucket}/views/{name}"
_BUCKET = "{+parent}/locations/{location}/buckets/{bucket}"

LOG_VIEW = Resource(
    resource_type="gcp:logging/logView:LogView",
    service="logging",
    id=_VIEW,
    imports=(_VIEW,),
    create=Call("POST", f"{_BUCKET}/views", {"viewId": "{name}"}),
    read=Call("GET", _VIEW),
    update=Call("PATCH", _VIEW),
    delete=Call("DELETE", _VIEW),
    address=props("name bucket location parent"),
    unsent=props("name bucket location parent"),
    immutable=props("name bucket location parent"),
    computed=props("location parent"),
)


class _LogView(Flow):
    """A view of a bucket that is named by its id, with parent and location, or in full."""

    def variables(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        filled = super().variables(values, settings)
        named = parse(_BUCKET, str(filled.get("bucket")))
        return {**filled, **named} if named else filled

    def derived(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        named = self.variables(values, settings)
        return {**super().derived(values, settings), **{key: named.get(key) for key in ("parent", "location")}}


class _ProjectSink(Flow):
    """A sink that is there already is adopted, as the official plugin does."""

    def variables(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        return {"uniqueWriterIdentity": True, **super().variables(values, settings)}

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        present = self.read(rest, inputs)
        if present is None:
            return super().create(rest, inputs)
        values = self.variables(inputs, rest.settings)
        return self.identity(values, rest.settings), self.update(rest, present, inputs)


FLOWS = (_ProjectSink(PROJECT_SINK), Flow(METRIC), _LogView(LOG_VIEW))
