"""Checks of borders that a project can't draw: a VPC Service Controls perimeter, and a private way to Google's APIs."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.settings import Settings
from scripts.checks import Check, Undecided
from scripts.connection import Connection
from scripts.errors import CommandError

_RESTRICTED = ipaddress.ip_network("199.36.153.4/30")
_RESTRICTED_6 = ipaddress.ip_network("2600:2d00:0002:1000::/56")
SERVICES = ("bigquery", "healthcare", "logging", "pubsub", "storage")
"""The services that hold the stack's data, each an API of that name; with keys also cloudkms."""


def checks(target: Connection, settings: Settings) -> Iterator[Check]:
    """The checks of the perimeter that these settings name, and of the private way that they ask for."""
    if settings.service_perimeter:
        yield Check("service perimeter", partial(_held, target, settings, settings.service_perimeter))
    if settings.private_access:
        yield Check("private access", partial(_private, settings))


def _private(settings: Settings) -> str:
    """Names of the APIs lead this machine to restricted.googleapis.com, and nowhere else.

    It serves only what perimeters can hold (VPC: "Private Google Access with VPC Service Controls").
    """
    services = (*SERVICES, *(["cloudkms"] if settings.keys else []))
    hosts = {f"{each}.googleapis.com": _addresses(f"{each}.googleapis.com") for each in services}
    if astray := [host for host, found in hosts.items() if not found or not all(map(_is_restricted, found))]:
        raise CommandError(
            f"{', '.join(astray)} does not lead to restricted.googleapis.com ({_RESTRICTED}) from this machine: let the"
            " DNS of its network answer so for *.googleapis.com (docs/security.md), or run this in the private network."
        )
    return f"{len(hosts)} APIs at {_RESTRICTED}"


def _addresses(host: str) -> set[str]:
    """The addresses by which this machine knows a host; none where it knows it not."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def _is_restricted(address: str) -> bool:
    return ipaddress.ip_address(address) in _RESTRICTED or ipaddress.ip_address(address) in _RESTRICTED_6


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
