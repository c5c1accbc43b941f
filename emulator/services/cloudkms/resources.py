"""The collections of Cloud KMS, and the rules that Google states for their fields."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, failed_precondition, invalid_argument
from emulator.gateway.collections import Collection
from emulator.gateway.request import Request
from emulator.services.cloudkms import algorithms
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

RINGS = "cloudkms.keyRings"
KEYS = "cloudkms.cryptoKeys"
VERSIONS = "cloudkms.cryptoKeyVersions"
METHODS = "cloudkms.projects.locations.keyRings"

SYMMETRIC = "ENCRYPT_DECRYPT"
GONE = frozenset(("DESTROYED", "DESTROY_SCHEDULED"))
_ID = re.compile(r"[a-zA-Z0-9_-]{1,63}")
_DURATION = re.compile(r"(\d{1,11})(?:\.\d{1,9})?s")
_DAY = 86_400
# Google: keys have 30 days by default between the call and the destruction.
_DESTROY_DEFAULT, _DESTROY_LONGEST = "2592000s", 120 * _DAY


def _view_ring(ring: Resource) -> dict[str, Any]:
    return {"name": ring.name, "createTime": ring.created}


def _view_key(key: Resource) -> dict[str, Any]:
    return {"name": key.name, "createTime": key.created, **key.body}


def _prepare_key(_request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check a new key and add what Google adds."""
    purpose = body.get("purpose")
    if not purpose:
        raise invalid_argument("CryptoKey.purpose is required: name one such as ENCRYPT_DECRYPT.")
    template = dict(body.get("versionTemplate") or {})
    if "algorithm" not in template:
        if purpose != SYMMETRIC:
            raise invalid_argument(f"CryptoKey.versionTemplate.algorithm is required for keys of purpose {purpose}.")
        template["algorithm"] = "GOOGLE_SYMMETRIC_ENCRYPTION"
    algorithms.check(template["algorithm"], purpose)
    template.setdefault("protectionLevel", "SOFTWARE")
    body.setdefault("destroyScheduledDuration", _DESTROY_DEFAULT)
    if not _DAY <= seconds(body["destroyScheduledDuration"], "destroyScheduledDuration") <= _DESTROY_LONGEST:
        raise invalid_argument("CryptoKey.destroyScheduledDuration must be from 1 to 120 days.")
    _check_rotation(body)
    return {**body, "versionTemplate": template}


def _prepare_update(_request: Request, _old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    _check_rotation(body)
    algorithms.check(body.get("versionTemplate", {}).get("algorithm", ""), body["purpose"])
    return body


def _check_rotation(body: dict[str, Any]) -> None:
    """CryptoKey.rotationPeriod: at least 24 hours, only for symmetric keys, and with a next rotation time."""
    period, following = body.get("rotationPeriod"), body.get("nextRotationTime")
    if (period or following) and body["purpose"] != SYMMETRIC:
        raise invalid_argument(f"CryptoKey.rotationPeriod is only for keys of purpose {SYMMETRIC}.")
    if following:
        _check_time(following)
    if period is None:
        return
    if not _DAY <= seconds(period, "rotationPeriod") <= 876_000 * 3600:
        raise invalid_argument("CryptoKey.rotationPeriod must be from 24 hours to 876,000 hours.")
    if not following:
        raise invalid_argument("CryptoKey.rotationPeriod needs CryptoKey.nextRotationTime.")


def _check_time(text: str) -> None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid_argument(
            f'CryptoKey.nextRotationTime "{text[:40]}" is not a time such as "2027-01-01T00:00:00Z".'
        )


def seconds(text: str, field: str) -> int:
    """Whole seconds of a google.protobuf.Duration in JSON ("86400s"); a 400 that names the field otherwise."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise invalid_argument(f'CryptoKey.{field} "{text[:40]}" is not a duration such as "86400s".')
    return int(found[1])


RING = Collection(kind=RINGS, segment="keyRings", id_parameter="keyRingId", id_pattern=_ID, view=_view_ring)
KEY = Collection(
    kind=KEYS,
    segment="cryptoKeys",
    id_parameter="cryptoKeyId",
    id_pattern=_ID,
    parent_kind=RINGS,
    immutable=frozenset(("purpose", "importOnly", "destroyScheduledDuration", "cryptoKeyBackend")),
    prepare=_prepare_key,
    prepare_update=_prepare_update,
    view=_view_key,
)


def is_abandoned(context: Context, key: str, tx: sqlite3.Connection | None = None) -> bool:
    """Whether a key has no version left that could be used again without a restore."""
    return all(version.body["state"] in GONE for version in context.resources.list(VERSIONS, key, tx=tx)[0])


def state_of(context: Context, version: Resource) -> str:
    """The state of a version now: DESTROYED from its time on, whenever its material is dropped."""
    body = version.body
    if body["state"] == "DESTROY_SCHEDULED" and datetime.fromisoformat(body["destroyTime"]) <= context.clock.now():
        return "DESTROYED"
    return str(body["state"])


def not_enabled(version: Resource) -> ApiError:
    """The 400 for a version that is disabled or gone, with the violation that Cloud KMS names (PreconditionFailure)."""
    return failed_precondition(
        f"{version.name} is not enabled, current state is: {version.body['state']}.", details=[violation(version)]
    )


def violation(version: Resource) -> dict[str, Any]:
    """The google.rpc.PreconditionFailure of a version that is not enabled."""
    kind = "KEY_DISABLED" if version.body["state"] == "DISABLED" else "KEY_DESTROYED"
    return {
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        "violations": [{"type": kind, "subject": version.name}],
    }
