"""The project's IAM policy and audit configuration (getIamPolicy is a POST, setIamPolicy takes an update mask).

What a project inherits is shown, too: its ancestry; the organization's policy is in `organizations`.
"""

from __future__ import annotations

from emulator.access import hierarchy
from emulator.gateway import policies
from emulator.gateway.request import Answer, Request
from emulator.services.resourcemanager.projects import project_name, require_project
from emulator.services.resourcemanager.service import SERVICE


@SERVICE.handles("cloudresourcemanager.projects.getIamPolicy", on=project_name)
async def get_policy(request: Request) -> Answer:
    """The project's policy, with audit configs."""
    name = project_name(request)
    require_project(request.context, name)
    return request.context.policies.shown(name, request)


@SERVICE.handles("cloudresourcemanager.projects.setIamPolicy", on=project_name)
async def set_policy(request: Request) -> Answer:
    """Replace the parts of the policy that the mask names; the default is bindings and etag."""
    context, name = request.context, project_name(request)
    return await policies.replace_private(request, name, lambda tx: require_project(context, name, tx))


@SERVICE.handles("cloudresourcemanager.projects.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on the project."""
    return policies.held_permissions(request, project_name(request))


@SERVICE.handles(
    "cloudresourcemanager.projects.getAncestry", on=project_name, permission="resourcemanager.projects.get"
)
async def get_ancestry(request: Request) -> Answer:
    """The project, and the folders and the organization above it, nearest first (v1)."""
    project = require_project(request.context, project_name(request))
    names = hierarchy.above(request.context, project.name)
    above = (("project", project.id), *(tuple(name.split("s/")) for name in names))
    return {"ancestor": [{"resourceId": {"type": kind, "id": number}} for kind, number in above]}
