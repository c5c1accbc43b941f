"""Jobs, executions and tasks as Cloud Run shows them: what is stored, and what follows from it."""

from __future__ import annotations

from typing import Any

from emulator.state.resources import Resource

Json = dict[str, Any]
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")  # the ends of a task and of an execution; before: PENDING, RUNNING
_HIDDEN = frozenset(("phase", "message", "operation"))
_STATES = {
    "PENDING": "CONDITION_PENDING",
    "RUNNING": "CONDITION_RECONCILING",
    "SUCCEEDED": "CONDITION_SUCCEEDED",
    "FAILED": "CONDITION_FAILED",
    "CANCELLED": "CONDITION_FAILED",
}
_REASONS = {"FAILED": "NON_ZERO_EXIT_CODE", "CANCELLED": "CANCELLED"}


def job(found: Resource) -> Json:
    """A job; it is ready as soon as it is stored."""
    ready = {"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": found.updated}
    return {**_common(found), "terminalCondition": ready}


def reference(execution: Resource) -> Json:
    """What a job says of its newest execution: id, times, and how far it is."""
    shown = {
        "name": execution.id,
        "createTime": execution.created,
        "completionStatus": f"EXECUTION_{execution.body['phase']}",
    }
    if "completionTime" in execution.body:
        shown["completionTime"] = execution.body["completionTime"]
    return shown


def execution(found: Resource) -> Json:
    """An execution, with how many of its tasks are in which phase."""
    shown = {**_common(found), "conditions": [_completed(found)]}
    if found.body["phase"] not in ENDED:
        shown["reconciling"] = True
    return {key: value for key, value in shown.items() if value != 0}


def task(found: Resource) -> Json:
    """A task of an execution."""
    return {**_common(found), "conditions": [_completed(found)]}


def _common(found: Resource) -> Json:
    rest = {key: value for key, value in found.body.items() if key not in _HIDDEN}
    return {
        "name": found.name,
        **rest,
        "observedGeneration": rest["generation"],
        "createTime": found.created,
        "updateTime": found.updated,
        "etag": f'"{found.etag}"',
    }


def _completed(found: Resource) -> Json:
    """The condition that says how far an execution or a task is."""
    phase = found.body["phase"]
    shown = {"type": "Completed", "state": _STATES[phase], "lastTransitionTime": found.updated}
    if found.body.get("message"):
        shown["message"] = found.body["message"]
    if phase in _REASONS:
        shown["executionReason"] = _REASONS[phase]
    return shown
