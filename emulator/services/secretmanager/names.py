"""Names of secrets and versions: shown with the project's number, versions found by number, alias or "latest"."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import failed_precondition, not_found
from emulator.services.secretmanager.service import SECRETS, VERSIONS
from emulator.settings import project_number
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

LATEST = "latest"


def shown(name: str) -> str:
    """A name as Secret Manager answers it: projects/NUMBER/secrets/..."""
    _, project, rest = name.split("/", 2)
    return f"projects/{project_number(project)}/{rest}"


def secret_of(version: str) -> str:
    """The name of the secret of a version."""
    return version.partition("/versions/")[0]


def number_of(version: Resource) -> int:
    """The number of a version, from 1 up."""
    return int(version.id)


def versions_of(context: Context, secret: str, tx: sqlite3.Connection | None = None) -> list[Resource]:
    """The versions of a secret, newest first."""
    return sorted(context.resources.list(VERSIONS, secret, tx=tx)[0], key=number_of, reverse=True)


def require_secret(context: Context, name: str, tx: sqlite3.Connection | None = None) -> Resource:
    """The secret of that name; a 404 where there is none."""
    found = context.resources.get(SECRETS, name, tx)
    if found is None:
        raise not_found(f"Secret [{shown(name)}] not found or has no versions.")
    return found


def require_version(context: Context, name: str, tx: sqlite3.Connection | None = None) -> Resource:
    """The version of that name, which may end with an alias or "latest"; a 404 where there is none."""
    secret = require_secret(context, secret_of(name), tx)
    wanted = name.rpartition("/")[2]
    if wanted == LATEST:
        found = next(iter(versions_of(context, secret.name, tx)), None)
        if found is None:
            raise not_found(f"Secret [{shown(secret.name)}] not found or has no versions.")
        return found
    number = secret.body.get("versionAliases", {}).get(wanted, wanted)
    found = context.resources.get(VERSIONS, f"{secret.name}/versions/{number}", tx)
    if found is None:
        raise not_found(f"Secret Version [{shown(name)}] not found.")
    return found


def require_state(version: Resource, *states: str) -> None:
    """Raise a 400 unless a version is in one of these states."""
    if version.body["state"] not in states:
        raise failed_precondition(f"Secret Version [{shown(version.name)}] is in {version.body['state']} state.")
