"""Checks of keys before `pulumi up`: those that are there can be used, and no dataset would be replaced for another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.settings import Settings
from scripts.checks import Check
from scripts.connection import Connection
from scripts.errors import CommandError
from scripts.preflight.names import absent, free

_GOOGLES = "Google's own keys"


def checks(target: Connection, settings: Settings) -> Iterator[Check]:
    """The checks of what these settings say of keys."""
    if settings.encryption_key:
        yield Check("key", partial(_key, target, settings.encryption_key))
    if settings.key_ring:
        yield Check("key ring", partial(_key_ring_name, target, settings))
    if not settings.existing.dataset:
        yield Check("key of the healthcare dataset", partial(_dataset_key, target, settings))


def _key(target: Connection, key: str) -> str:
    """The key can encrypt, and this account may let the services' agents use it."""
    keys = target.api("cloudkms", "v1").projects().locations().keyRings().cryptoKeys()
    found = target.execute(keys.get(name=key))
    state = found.get("primary", {}).get("state", "without a version")
    if state != "ENABLED":
        raise CommandError(f"The primary version of {key} is {state}: enable it, or set another encryptionKey.")
    wanted = ["cloudkms.cryptoKeys.getIamPolicy", "cloudkms.cryptoKeys.setIamPolicy"]
    held = target.execute(keys.testIamPermissions(resource=key, body={"permissions": wanted})).get("permissions", [])
    if lacking := [each for each in wanted if each not in held]:
        raise CommandError(
            f"This account lacks {', '.join(lacking)} on {key}: let its administrator grant roles/cloudkms.admin on it."
        )
    return f"{key}, {found.get('purpose', '')}"


def _key_ring_name(target: Connection, settings: Settings) -> str:
    """The ring's name is free, or taken by keys of this environment."""
    ring = settings.keys["objects"].partition("/cryptoKeys/")[0]
    keys = target.api("cloudkms", "v1").projects().locations().keyRings().cryptoKeys()

    def look() -> Any:
        found = target.execute(keys.list(parent=ring)).get("cryptoKeys", [])
        return found[0].get("labels") if found else None

    return free(target, look, "key ring", "keyRing")


def _dataset_key(target: Connection, settings: Settings) -> str:
    """A dataset that is there has the key that is asked for: it can get no other (Cloud Healthcare: CMEK)."""
    wanted = settings.keys.get("healthcare", _GOOGLES)
    try:
        found = target.execute(target.healthcare.get(name=target.outputs.dataset_name))
    except Exception as error:
        if absent(error):
            return f"will be {wanted}"
        raise
    held = str(found.get("encryptionSpec", {}).get("kmsKeyName", _GOOGLES))
    if held != wanted:
        raise CommandError(
            f"{target.outputs.dataset_name} is encrypted with {held}, and a dataset's key can't be changed: `pulumi up`"
            f" would put an empty one with {wanted} in its place, and with deletionProtection refuses to. Take keyRing"
            " or encryptionKey back, or move the data (docs/how-to/configure.md#keys)."
        )
    return held
