"""Cloud Run: jobs (v2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow, FlowError
from emulator.provider.model import Call, Resource, props
from emulator.provider.operations import wait
from emulator.provider.rest import Rest, RestError

_JOB = "projects/{project}/locations/{location}/jobs/{name}"

JOB = Resource(
    resource_type="gcp:cloudrunv2/job:Job",
    service="cloudRunV2",
    id=_JOB,
    imports=(_JOB, "{project}/{location}/{name}", "{location}/{name}"),
    create=Call("POST", "projects/{project}/locations/{location}/jobs", {"jobId": "{name}"}),
    read=Call("GET", _JOB),
    update=Call("PATCH", _JOB),
    delete=Call("DELETE", _JOB),
    address=props("name location project"),
    unsent=props("name location project"),
    local=props("deletionProtection tags"),
    immutable=props("name location project tags"),
    computed=props(
        "project launchStage annotations template.taskCount template.parallelism template.annotations template.labels "
        "template.template.maxRetries template.template.timeout template.template.serviceAccount "
        "template.template.executionEnvironment template.template.containers.resources "
        "template.template.containers.resources.limits template.template.containers.name"
    ),
    defaults={"deletionProtection": True},
    rename={
        "commands": "command",
        "envs": "env",
        "dependsOns": "dependsOn",
        "effectiveAnnotations": "annotations",
        "latestCreatedExecutions": "latestCreatedExecution",
        "terminalConditions": "terminalCondition",
    },
    volatile=props(
        "etag generation observedGeneration updateTime lastModifier conditions terminalConditions executionCount "
        "latestCreatedExecutions"
    ),
    mask=False,
)


class _Job(Flow):
    """A job is made, replaced and deleted by operations; protected at first."""

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        del values
        wait(rest, self.spec.service, made)

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        del changed
        call = Call("PATCH", _JOB)
        operation = rest.call(
            self.spec.service, call, self.variables(old, rest.settings), self.body(values, updating=True)
        )
        wait(rest, self.spec.service, operation)

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        if self.kept(state):
            return
        if state.get("deletionProtection", True):
            raise FlowError(
                "its deletionProtection is on, so it is not deleted; set it to false, run `pulumi up`, then try again"
            )
        try:
            wait(rest, self.spec.service, rest.call(self.spec.service, Call("DELETE", _JOB), self._place(rest, state)))
        except RestError as error:
            if error.code != 404:
                raise

    def _place(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any]:
        return self.variables(state, rest.settings)


FLOWS = (_Job(JOB),)
