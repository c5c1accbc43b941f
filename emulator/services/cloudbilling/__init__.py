"""Cloud Billing: only that the project is paid for, which the gcp provider asks when it looks a project up."""

from emulator.access.hierarchy import PROJECTS
from emulator.gateway.request import Answer, Request
from emulator.gateway.service import Service

SERVICE = Service("cloudbilling", documents=("cloudbilling.v1",))
ACCOUNT = "billingAccounts/000000-000000-000000"


def _project(request: Request) -> str:
    return f"projects/{request.context.project_id(request.name.split('/')[1])}"


@SERVICE.handles("cloudbilling.projects.getBillingInfo", permission="resourcemanager.projects.get", on=_project)
async def get_billing_info(request: Request) -> Answer:
    """The made-up billing account of the project; nothing costs anything here."""
    project = request.context.resources.require(PROJECTS, _project(request))
    return {
        "name": f"{project.name}/billingInfo",
        "projectId": project.id,
        "billingAccountName": ACCOUNT,
        "billingEnabled": True,
    }
