"""Compute Engine: only the look-up of a project by number, which the gcp provider does for a bucket without project.

Google's document of this API has 5 MB; emulator/data/discovery holds the part that is emulated.
"""

from emulator.access.hierarchy import PROJECTS
from emulator.gateway.request import Answer, Request
from emulator.gateway.service import Service

SERVICE = Service("compute", documents=("compute.v1", "compute.beta"))


def _project(request: Request) -> str:
    return f"projects/{request.context.project_id(request.path['project'])}"


@SERVICE.handles("compute.projects.get", on=_project)
async def get_project(request: Request) -> Answer:
    """A project as Compute Engine shows it: the name is the project's id."""
    project = request.context.resources.require(PROJECTS, _project(request))
    version = request.method.document.name.partition(".")[2]
    return {
        "kind": "compute#project",
        "id": project.body["projectNumber"],
        "creationTimestamp": project.created,
        "name": project.id,
        "selfLink": f"{request.base_url}/compute/{version}/projects/{project.id}",
    }
