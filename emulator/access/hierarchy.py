"""The organization, and the folders and projects below it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from emulator.state.state import State

ORGANIZATION = "organizations/1"
PROJECTS = "cloudresourcemanager.projects"
FOLDERS = "cloudresourcemanager.folders"
_LONGEST = 100
"""Of a line of folders, which can be no circle; only what is read while it is changed might look like one."""


def project_exists(state: State, project: str) -> bool:
    """Whether a project of that id is known and active."""
    if project == state.settings.project:
        return True
    found = state.resources.get(PROJECTS, f"projects/{project}")
    return found is not None and found.body.get("lifecycleState", "ACTIVE") == "ACTIVE"


def parent_of(project: Mapping[str, Any]) -> str:
    """The name of the folder or organization that a project lies in, by its body."""
    parent = project.get("parent") or {}
    return f"{parent['type']}s/{parent['id']}" if parent.get("type") else ORGANIZATION


def parents(state: State, tx: sqlite3.Connection | None = None) -> dict[str, str]:
    """What each folder and project lies in, by their names."""
    folders = {each.name: str(each.body["parent"]) for each in state.resources.every(FOLDERS, tx)}
    return folders | {each.name: parent_of(each.body) for each in state.resources.every(PROJECTS, tx)}


def line_above(name: str, known: Mapping[str, str]) -> list[str]:
    """What a folder or project lies in, nearest first, up to the organization; known is what `parents` gave."""
    line: list[str] = []
    while name != ORGANIZATION and len(line) < _LONGEST:
        name = known.get(name, ORGANIZATION)
        line.append(name)
    return line


def above(state: State, name: str, tx: sqlite3.Connection | None = None) -> list[str]:
    """What a folder or project lies in now, nearest first, up to the organization."""
    return line_above(name, parents(state, tx))


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
