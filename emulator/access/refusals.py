"""What is to be learnt from a refusal: which permission was missing, and on what a grant would help."""

from __future__ import annotations

import re

from emulator.access import roles

_PERMISSION = re.compile(r"[a-z]+(?:\.[A-Za-z]+){2}")
_BEARERS = frozenset(
    (
        *("projects", "locations", "datasets", "dicomStores", "fhirStores", "hl7V2Stores", "consentStores", "tables"),
        *("buckets", "topics", "subscriptions", "snapshots", "schemas", "serviceAccounts", "keyRings", "cryptoKeys"),
    )
)


def permission_in(message: str) -> str:
    """The permission that a refusal's words name ("... does not have storage.buckets.list access"), "" for none."""
    known = roles.all_permissions()
    return next((word for word in _PERMISSION.findall(message) if word in known), "")


def nearest_bearer(resource: str) -> str:
    """A resource's name up to the last part that can bear a policy: the store of a study, the bucket of an object.

    Locations bear none, but are part of the names of what does.
    """
    parts = resource.split("/")
    end = 0
    while end + 1 < len(parts) and parts[end] in _BEARERS:
        end += 2
    if end >= 2 and parts[end - 2] == "locations":
        end -= 2
    return "/".join(parts[:end])
