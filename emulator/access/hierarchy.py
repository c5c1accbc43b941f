"""The organization and the projects below it."""

from __future__ import annotations

from emulator.state.state import State

ORGANIZATION = "organizations/1"
PROJECTS = "cloudresourcemanager.projects"


def project_exists(state: State, project: str) -> bool:
    """Whether a project of that id is known and active."""
    if project == state.settings.project:
        return True
    found = state.resources.get(PROJECTS, f"projects/{project}")
    return found is not None and found.body.get("lifecycleState", "ACTIVE") == "ACTIVE"


def by_id(state: State, name: str) -> str:
    """A resource name of which the project is given by number, with the project's id instead; others as they are."""
    if not name.startswith("projects/") or not name[9:10].isdigit():
        return name
    number, slash, rest = name[9:].partition("/")
    return f"projects/{project_id(state, number)}{slash}{rest}"


def project_id(state: State, project: str) -> str:
    """The id of a project given by id or number."""
    if not project.isdigit():
        return project
    if project == state.settings.project_number:
        return state.settings.project
    for row in state.resources.list(PROJECTS, ORGANIZATION)[0]:
        if row.body.get("projectNumber") == project:
            return row.id
    return project


def by_number(state: State, name: str) -> str:
    """A resource name of which the project is given by id, with the project's number instead; others as they are."""
    if not name.startswith("projects/"):
        return name
    project, slash, rest = name[9:].partition("/")
    found = state.resources.get(PROJECTS, f"projects/{project}")
    return name if found is None else f"projects/{found.body['projectNumber']}{slash}{rest}"
