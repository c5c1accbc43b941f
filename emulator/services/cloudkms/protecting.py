"""Keys as other services use them: which version protects new data, and whether data can still be read (CMEK).

What Cloud KMS says counts at once, by the emulator's clock; Google's services notice within minutes to hours.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.cloudkms import uses
from emulator.services.cloudkms.resources import KEYS, VERSIONS, not_enabled, state_of
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_ENCRYPT = "cloudkms.cryptoKeyVersions.useToEncrypt"
_DECRYPT = "cloudkms.cryptoKeyVersions.useToDecrypt"
_NAME = re.compile(r"projects/[^/]+/locations/([^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
_SEGMENT = "/cryptoKeyVersions/"
_RENAMED = {"eu": "europe"}  # what Cloud KMS calls the multi-region eu of other services


@dataclass(frozen=True, slots=True)
class Refusals:
    """How a service words that it can't use a key.

    denied is given a sentence, the key's name and the agent's address; elsewhere and malformed a sentence; disabled the
    version that is not enabled.
    """

    denied: Callable[[str, str, str], ApiError]
    malformed: Callable[[str], ApiError]
    elsewhere: Callable[[str], ApiError]
    disabled: Callable[[Resource], ApiError] = not_enabled


@dataclass(frozen=True, slots=True)
class User:
    """Who protects data with keys: a service's agent (an e-mail address), and how that service words refusals.

    inside says that for data in a multi-region a key in one of its regions will do.
    """

    agent: str
    refusals: Refusals
    inside: bool = False


def is_key_name(name: str) -> bool:
    """Whether a text has the form of a key's name: projects/P/locations/L/keyRings/R/cryptoKeys/K."""
    return bool(_NAME.fullmatch(name))


def key_of(version: str) -> str:
    """The name of the key that a version belongs to; a key's name as it is."""
    return version.partition(_SEGMENT)[0]


def primary_of(context: Context, key: str, tx: sqlite3.Connection | None = None) -> str:
    """The name of the primary version of a key that is there: what a service encrypts with now."""
    return str(context.resources.require(KEYS, key, tx).body["primary"]["name"])


def version_for(
    context: Context, key: str, user: User, location: str | None = None, tx: sqlite3.Connection | None = None
) -> str:
    """The name of the version that protects what `user` writes now with `key` (a key's name, or a version's).

    location is where the data lies ("us", "EU", "us-central1"), None where any key will do. Raises what the user's
    service answers: for a name that is none, for a key that is not there, of another purpose or not granted to the
    agent, for one in another location (of each service: "CMEK", location), and for a primary version that is not
    enabled.
    """
    key = key_of(key)
    found = _key(context, key, user, location, tx)
    _require_granted(context, key, user, _ENCRYPT, _DECRYPT)
    name = found.body["primary"]["name"]
    _require_enabled(context, name, user, tx)
    uses.record(context, user.agent, key, "encrypt", tx)
    return str(name)


def require_open(context: Context, version: str, user: User, tx: sqlite3.Connection | None = None) -> None:
    """Raise what the user's service answers unless what `version` (of a key, by name) protects can be read.

    It can while the version is enabled and the agent may decrypt with its key.
    """
    _require_granted(context, key_of(version), user, _DECRYPT)
    _require_enabled(context, version, user, tx)
    uses.record(context, user.agent, key_of(version), "decrypt", tx)


def closed(context: Context, version: str) -> str:
    """Why a version of a key, by name, can't be used now, whoever asks; "" where it can."""
    found = context.resources.get(VERSIONS, version)
    if found is None:
        return f"{version} is not there any more."
    return "" if state_of(context, found) == "ENABLED" else not_enabled(found).message


def _key(context: Context, key: str, user: User, location: str | None, tx: sqlite3.Connection | None) -> Resource:
    form = _NAME.fullmatch(key)
    if form is None:
        raise user.refusals.malformed(
            f"{key[:200]} is no name of a Cloud KMS key: projects/P/locations/L/keyRings/R/cryptoKeys/K."
        )
    found = context.resources.get(KEYS, key, tx)
    if found is None or "primary" not in found.body:
        raise _denied(key, user)
    if location is not None and not _fits(form[1], location, inside=user.inside):
        raise user.refusals.elsewhere(
            f"The Cloud KMS key {key} is in {form[1]}; what it is to encrypt is in {location.lower()}."
        )
    return found


def _fits(place: str, location: str, *, inside: bool) -> bool:
    """Whether a key in `place` may encrypt data in a location."""
    allowed = _places(location)
    return place in allowed or (inside and place.startswith(tuple(f"{one}-" for one in allowed)))


def _places(location: str) -> tuple[str, ...]:
    """Where a key may be for data in a location: the same place, which Cloud KMS calls europe for eu.

    For a dual-region of Cloud Storage (nam4, eur4, asia1) also the multi-region around it.
    """
    place = location.lower()
    around = {"nam": "us", "eur": "europe", "asi": "asia"}.get(place[:3]) if len(place) <= len("asia1") else None
    return tuple(filter(None, (_RENAMED.get(place, place), around)))


def _require_granted(context: Context, key: str, user: User, *permissions: str) -> None:
    who = f"serviceAccount:{user.agent}"
    if not all(context.policies.allows(who, permission, key) for permission in permissions):
        raise _denied(key, user)


def _require_enabled(context: Context, name: str, user: User, tx: sqlite3.Connection | None) -> None:
    version = context.resources.get(VERSIONS, name, tx)
    if version is None:
        raise _denied(key_of(name), user)
    if state_of(context, version) != "ENABLED":
        raise user.refusals.disabled(version)


def _denied(key: str, user: User) -> ApiError:
    said = (
        f"Permission denied on Cloud KMS key {key} (or it may not exist): grant "
        f"roles/cloudkms.cryptoKeyEncrypterDecrypter on it to {user.agent}."
    )
    return user.refusals.denied(said, key, user.agent)
