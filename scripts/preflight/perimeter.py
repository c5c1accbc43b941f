"""The check of a VPC Service Controls perimeter, which belongs to the organization: the project is in it, and held."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.settings import Settings
from scripts.checks import Check, Undecided
from scripts.connection import Connection
from scripts.errors import CommandError

SERVICES = ("bigquery", "healthcare", "logging", "pubsub", "storage")
"""The services that hold the stack's data, each an API of that name; with keys also cloudkms."""


def checks(target: Connection, settings: Settings) -> Iterator[Check]:
    """The check of the perimeter that these settings name, if any."""
    if settings.service_perimeter:
        yield Check("service perimeter", partial(_held, target, settings, settings.service_perimeter))


def _held(target: Connection, settings: Settings, perimeter: str) -> str:
    """The project is in the perimeter, in force, which restricts every service that holds data."""
    projects = target.api("cloudresourcemanager", "v1").projects()
    project = f"projects/{target.execute(projects.get(projectId=settings.project))['projectNumber']}"
    perimeters = target.api("accesscontextmanager", "v1").accessPolicies().servicePerimeters()
    found = target.execute(perimeters.get(name=perimeter))
    in_force = found.get("status", {})
    if project not in in_force.get("resources", []):
        _refuse(perimeter, project, found)
    wanted = [f"{each}.googleapis.com" for each in (*SERVICES, *(["cloudkms"] if settings.keys else []))]
    open_ = [each for each in wanted if each not in in_force.get("restrictedServices", [])]
    if open_:
        change = _change(perimeter, f"--add-restricted-services={','.join(open_)}")
        raise CommandError(f"{perimeter} lets data of {', '.join(open_)} out: {change}.")
    return f"holds {project}"


def _refuse(perimeter: str, project: str, found: dict[str, Any]) -> None:
    """Say that a project is not held by a perimeter, or only on trial. Raises CommandError, Undecided."""
    if project in found.get("spec", {}).get("resources", []):
        raise Undecided(
            f"{perimeter} holds {project} in dry-run mode only: enforce it once its log shows no surprises."
        )
    raise CommandError(f"{project} is not in {perimeter}: {_change(perimeter, f'--add-resources={project}')}.")


def _change(perimeter: str, change: str) -> str:
    """What the person who administers the organization's access policy has to do."""
    _, policy, _, name = perimeter.split("/")
    command = f"gcloud access-context-manager perimeters update {name} --policy={policy} {change}"
    return f"let who administers the organization's access policy run `{command}`"
