"""projects: list and getServiceAccount."""

from __future__ import annotations

from emulator.access.hierarchy import ORGANIZATION, PROJECTS
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.bigquery import encryption
from emulator.services.bigquery.requests import asked_page, on_project
from emulator.services.bigquery.service import SERVICE
from emulator.settings import project_number


@SERVICE.handles("bigquery.projects.list", permission="")
async def list_(request: Request) -> Answer:
    """The projects in which the caller may use BigQuery."""
    context = request.context
    found = {context.settings.project: context.settings.project_number}
    for row in context.resources.list(PROJECTS, ORGANIZATION)[0]:
        if row.body.get("lifecycleState", "ACTIVE") == "ACTIVE":
            found.setdefault(row.id, str(row.body.get("projectNumber") or project_number(row.id)))
    items = [
        {
            "kind": "bigquery#project",
            "id": project,
            "numericId": number,
            "projectReference": {"projectId": project},
            "friendlyName": project,
        }
        for project, number in sorted(found.items())
        if context.policies.allows(request.principal, "bigquery.jobs.create", f"projects/{project}")
        or context.policies.allows(request.principal, "bigquery.datasets.get", f"projects/{project}")
    ]
    shown, following = paging.cut(items, asked_page(request, 50))
    answer = {
        "kind": "bigquery#projectList",
        "etag": context.ids.etag(),
        "projects": shown,
        "totalItems": len(items),
    }
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles("bigquery.projects.getServiceAccount", permission="resourcemanager.projects.get", on=on_project)
async def get_service_account(request: Request) -> Answer:
    """BigQuery's own account of a project, which is granted the use of KMS keys."""
    return {
        "kind": "bigquery#getServiceAccountResponse",
        "email": encryption.agent(on_project(request).partition("/")[2]),
    }
