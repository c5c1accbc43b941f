"""Keys of Cloud KMS that encrypt a dataset: the primary version decides whether its stores can be read and written.

https://cloud.google.com/healthcare-api/docs/cmek
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import TYPE_CHECKING

from emulator.errors import failed_precondition, invalid_argument, permission_denied
from emulator.gateway.request import Request
from emulator.services.cloudkms import api as cloudkms
from emulator.services.healthcare import agent
from emulator.services.healthcare.names import DATASET, METHODS
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

_KEYS = "healthcare.keys"  # of datasets that were asked for: the name of the key, "" for Google's own
_MOST = 10_000
_SETTINGS = frozenset(("get", "list", "patch", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions"))
_SEGMENTS = 6  # of a dataset's name
_REFUSALS = cloudkms.Refusals(
    denied=lambda said, _key, _agent: permission_denied(said),
    malformed=invalid_argument,
    elsewhere=failed_precondition,
)


def require_usable(context: Context, key: str, dataset: str) -> None:
    """Raise 400 or 403 where the healthcare agent of a dataset's project can't encrypt it with a key."""
    user = cloudkms.User(agent.email(context, dataset), _REFUSALS)
    cloudkms.version_for(context, key, user, dataset.split("/")[3])


def require_open(context: Context, name: str) -> None:
    """Raise 400 or 403 where the key of the dataset that a resource lies in can't be used: its data are closed."""
    dataset = _dataset_of(name)
    if key := _key_of(context, dataset):
        require_usable(context, key, dataset)


def version_for_data(context: Context, name: str, tx: sqlite3.Connection) -> str:
    """The version that encrypts what a store, or what lies in it, is given now; "" where nothing is encrypted.

    Whether it can be used is asked by those who let the write begin (`require_open`), and once more by encrypting.
    """
    if context.blobs.keys is None:
        return ""
    key = _key_of(context, _dataset_of(name))
    return cloudkms.primary_of(context, key, tx) if key else ""


def _dataset_of(name: str) -> str:
    return "/".join(name.split("/", _SEGMENTS)[:_SEGMENTS])


def forget(context: Context, dataset: str) -> None:
    """A dataset was deleted: one of its name may get another key."""
    context.extensions.get(_KEYS, {}).pop(dataset, None)


def _key_of(context: Context, dataset: str) -> str:
    known: dict[str, str] = context.extensions.setdefault(_KEYS, {})
    key = known.get(dataset)
    if key is None:
        found = context.resources.get(DATASET, dataset)
        if found is None:
            return ""
        if len(known) >= _MOST:
            known.clear()
        key = known[dataset] = str((found.body.get("encryptionSpec") or {}).get("kmsKeyName", ""))
    return key


@SERVICE.guard
def guard(request: Request) -> None:
    """Refuse what reads or writes data that the dataset's key closes.

    Datasets, stores and operations can be looked at, changed and deleted with any key.
    """
    if _touches_data(request.method.id):
        require_open(request.context, request.name)


@lru_cache(maxsize=1024)
def _touches_data(method: str) -> bool:
    """Whether a method works on what stores hold, or makes a store."""
    if not method.startswith(f"{METHODS}."):
        return False
    of, _, verb = method[len(METHODS) + 1 :].rpartition(".")
    return of != "operations" and (verb not in _SETTINGS or "." in of)
