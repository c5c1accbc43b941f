"""Cloud Scheduler: jobs, which are resumed or paused after every creation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Rest
from emulator.provider.settings import Settings
from emulator.provider.tables.regional import Regional

_JOB = "projects/{project}/locations/{region}/jobs/{name}"

JOB = Resource(
    resource_type="gcp:cloudscheduler/job:Job",
    service="cloudScheduler",
    id=_JOB,
    imports=(_JOB, "{project}/{region}/{name}", "{region}/{name}", "{name}"),
    create=Call("POST", "projects/{project}/locations/{region}/jobs"),
    read=Call("GET", _JOB),
    update=Call("PATCH", _JOB),
    delete=Call("DELETE", _JOB),
    address=props("name region project"),
    unsent=props("region project paused"),
    immutable=props("name region project"),
    computed=props(
        "project region attemptDeadline retryConfig retryConfig.maxBackoffDuration retryConfig.maxDoublings "
        "retryConfig.maxRetryDuration retryConfig.minBackoffDuration paused httpTarget.httpMethod httpTarget.headers "
        "appEngineHttpTarget.httpMethod appEngineHttpTarget.headers"
    ),
    defaults={"timeZone": "Etc/UTC"},
    mask=False,
)


class _Job(Regional):
    """Whether a job runs is a call of its own."""

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        return super().state({**live, "paused": live.get("state") == "PAUSED"}, given, settings)

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        del made
        self._switch(rest, values)

    def update(self, rest: Rest, old: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        state = super().update(rest, old, inputs)
        if bool(old.get("paused")) == bool(inputs.get("paused")):
            return state
        self._switch(rest, state)
        return self.read(rest, state) or state

    def _switch(self, rest: Rest, values: Mapping[str, Any]) -> None:
        verb = "pause" if values.get("paused") else "resume"
        rest.call("cloudScheduler", Call("POST", f"{_JOB}:{verb}"), self.variables(values, rest.settings), {})


FLOWS = (_Job(JOB),)
