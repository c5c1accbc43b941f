"""The functions that the provider serves: look-ups that a program makes while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from emulator.provider.flow import ATTRIBUTIONS, FlowError
from emulator.provider.model import Call
from emulator.provider.rest import Rest, RestError
from emulator.provider.values import Values


def _project(rest: Rest, args: Mapping[str, Any], argument: str) -> dict[str, str]:
    project = args.get(argument) or rest.settings.project
    if not project:
        raise FlowError(f"no project: set gcp:project in the stack's configuration, or give {argument}")
    return {"project": str(project)}


def _get_project(rest: Rest, args: Mapping[str, Any]) -> Values:
    named = _project(rest, args, "projectId")
    project = rest.call("resourceManager", Call("GET", "projects/{project}"), named)
    if project.get("lifecycleState") != "ACTIVE":
        raise FlowError(f"project {named['project']} is not found or not active")
    billing: Mapping[str, Any] = {}
    try:
        billing = rest.call("cloudBilling", Call("GET", "projects/{project}/billingInfo"), named)
    except RestError as error:
        if error.code != 403 or "accessNotConfigured" not in error.message:
            raise
    parent = project.get("parent") or {}
    labels = project.get("labels") or {}
    return Values(
        {
            "id": f"projects/{project['projectId']}",
            "projectId": project["projectId"],
            "name": project.get("name", ""),
            "number": str(project["projectNumber"]),
            "labels": {key: value for key, value in labels.items() if key not in ATTRIBUTIONS},
            "effectiveLabels": labels,
            "pulumiLabels": labels,
            "autoCreateNetwork": True,
            "billingAccount": str(billing.get("billingAccountName", "")).removeprefix("billingAccounts/"),
            "orgId": parent.get("id", "") if parent.get("type") == "organization" else "",
            "folderId": parent.get("id", "") if parent.get("type") == "folder" else "",
            "deletionPolicy": "PREVENT",
            "tags": {},
        }
    )


def _get_project_service_account(rest: Rest, args: Mapping[str, Any]) -> Values:
    named = _project(rest, args, "project")
    query = {"userProject": str(args["userProject"])} if args.get("userProject") else {}
    account = rest.call("storage", Call("GET", "projects/{project}/serviceAccount", query), named)
    email = account["email_address"]
    return Values(
        {
            "id": email,
            "emailAddress": email,
            "member": f"serviceAccount:{email}",
            "project": named["project"],
            "userProject": args.get("userProject", ""),
        }
    )


def _get_bigquery_service_account(rest: Rest, args: Mapping[str, Any]) -> Values:
    named = _project(rest, args, "project")
    email = rest.call("bigQuery", Call("GET", "projects/{project}/serviceAccount"), named)["email"]
    return Values({"id": email, "email": email, "member": f"serviceAccount:{email}", "project": named["project"]})


def _get_client_config(rest: Rest, args: Mapping[str, Any]) -> Values:
    del args
    settings = rest.settings
    return Values(
        {
            "id": f'projects/"{settings.project}"/regions/"{settings.region}"/zones/"{settings.zone}"',
            "project": settings.project,
            "region": settings.region,
            "zone": settings.zone,
            "accessToken": rest.token(),
            "defaultLabels": dict(settings.default_labels),
        },
        secrets=["accessToken"],
    )


FUNCTIONS: Final[Mapping[str, Callable[[Rest, Mapping[str, Any]], Values]]] = {
    "gcp:organizations/getProject:getProject": _get_project,
    "gcp:organizations/getClientConfig:getClientConfig": _get_client_config,
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": _get_bigquery_service_account,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _get_project_service_account,
}
