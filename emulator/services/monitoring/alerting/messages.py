"""An incident in the JSON that Pub/Sub and webhook channels get (Cloud Monitoring: "Schema structure", version 1.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"\$\{([\w.]+)\}")
_CONSOLE = "https://console.cloud.google.com/monitoring/alerting/alerts"


def message(incident: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The notification of an incident, as `incidents` keeps it; `number` is the project's."""
    policy, condition = incident["policy"], incident["condition"]
    resource, metric = incident["resource"], incident["metric"]
    closed = incident["closed"]
    said: dict[str, Any] = {
        "incident_id": incident["id"],
        "scoping_project_id": incident["project"],
        "scoping_project_number": number,
        "url": f"{_CONSOLE}/{incident['id']}?project={incident['project']}",
        "severity": policy.get("severity", "No severity").capitalize(),
        "started_at": int(incident["opened"]),
        "ended_at": None if closed is None else int(closed),
        "state": "open" if closed is None else "closed",
        "resource_id": "",
        "resource_name": f"{title(resource.get('type', ''))} labels {labels_text(resource.get('labels', {}))}",
        "resource_type_display_name": title(resource.get("type", "")),
        "resource": {"type": resource.get("type", ""), "labels": resource.get("labels", {})},
        "metric": {"displayName": "", **metric},
        "metadata": {"system_labels": {}, "user_labels": {}},
        "policy_name": policy["displayName"],
        "policy_user_labels": policy.get("userLabels", {}),
        "condition_name": condition.get("displayName", ""),
        "condition": condition,
        "summary": incident["summary"],
        **incident["values"],
    }
    if documentation := policy.get("documentation"):
        said["documentation"] = _documentation(documentation, incident)
    return {"incident": said, "version": "1.2"}


def title(kind: str) -> str:
    """The type of a monitored resource in words: audited_resource is Audited Resource."""
    return kind.replace("_", " ").title()


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as summaries write them: {project_id=p, service=s}."""
    return "{" + ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) + "}"


def _documentation(given: Mapping[str, Any], incident: Mapping[str, Any]) -> dict[str, str]:
    """A policy's documentation with its variables filled in; those that are not known stay as they are written."""
    values = _variables(incident)

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)

    shown = {"content": fill(given.get("content", "")), "mime_type": given.get("mimeType", "text/markdown")}
    return {**shown, "subject": fill(given["subject"])} if given.get("subject") else shown


def _variables(incident: Mapping[str, Any]) -> dict[str, str]:
    """The variables of documentation (Cloud Monitoring: "Using variables") and their values for an incident."""
    policy, condition = incident["policy"], incident["condition"]
    metric, resource = incident["metric"], incident["resource"]
    found = {
        "policy.name": policy["name"],
        "policy.display_name": policy["displayName"],
        "condition.name": condition["name"],
        "condition.display_name": condition.get("displayName", ""),
        "metric.type": metric["type"],
        "resource.type": resource.get("type", ""),
        "resource.project": incident["project"],
        "project": incident["project"],
    }
    for key, value in metric["labels"].items():
        found |= {f"metric.label.{key}": value, f"log.extracted_label.{key}": value}
    for key, value in resource.get("labels", {}).items():
        found |= {f"resource.label.{key}": value, f"resource.labels.{key}": value}
    for key, value in policy.get("userLabels", {}).items():
        found[f"policy.user_label.{key}"] = value
    return found
