"""Customer-managed keys of secrets: which there are, where they must be, and whether they can be used now."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.services.cloudkms import api as cloudkms
from emulator.services.serviceusage.catalogue import agent_of

if TYPE_CHECKING:
    from emulator.context import Context

_REFUSALS = cloudkms.Refusals(
    denied=lambda said, _key, _agent: failed_precondition(said),
    malformed=failed_precondition,
    elsewhere=failed_precondition,
)


def location_of(name: str) -> str:
    """The location of a regional secret, "" of a global one."""
    parts = name.split("/")
    return parts[3] if len(parts) > 3 and parts[2] == "locations" else ""


def keys(name: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys of a secret, each with the location where it must be (Secret Manager: "CMEK")."""
    if key := body.get("customerManagedEncryption", {}).get("kmsKeyName"):
        yield key, location_of(name)
    replication = body.get("replication", {})
    if key := replication.get("automatic", {}).get("customerManagedEncryption", {}).get("kmsKeyName"):
        yield key, "global"
    for replica in replication.get("userManaged", {}).get("replicas", []):
        if key := replica.get("customerManagedEncryption", {}).get("kmsKeyName"):
            yield key, replica.get("location", "")


def check(context: Context, name: str, body: dict[str, Any]) -> None:
    """Raise a 400 for a key in another location, or one that Secret Manager's agent can't use."""
    for key, location in keys(name, body):
        if cloudkms.is_key_name(key) and key.split("/")[3] != location:
            raise invalid_argument(f"The key {key} is not in {location}, where the data of {name} is kept.")
    require_usable(context, name, body)


def require_usable(context: Context, name: str, body: dict[str, Any], tx: sqlite3.Connection | None = None) -> None:
    """Raise a 400 where a key of a secret can't be used now: its payloads can neither be written nor read."""
    user = cloudkms.User(agent_of(context, "secretmanager", name), _REFUSALS)
    for key, _ in keys(name, body):
        cloudkms.version_for(context, key, user, tx=tx)


def protecting(context: Context, body: dict[str, Any]) -> str:
    """The version that encrypts a payload on the disk: of the first key of a secret's body, "" where it has none."""
    return next((cloudkms.primary_of(context, key) for key, _ in keys("", body)), "")
