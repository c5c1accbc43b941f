"""What other services ask of Cloud KMS, in process: may an agent encrypt with a key, and what is in a ciphertext."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.cloudkms.resources import KEYS, VERSIONS
from emulator.services.cloudkms.sealing import opened

if TYPE_CHECKING:
    from emulator.context import Context

_DECRYPT = "cloudkms.cryptoKeyVersions.useToDecrypt"
_NEEDED = ("cloudkms.cryptoKeyVersions.useToEncrypt", _DECRYPT)
_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")


def require_usable(context: Context, key: str, agent: str, refuse: Callable[[str], ApiError]) -> None:
    """Raise what `refuse` makes of the reason why `agent` (an e-mail address) can't protect data with `key`.

    key is projects/.../cryptoKeys/K, or one of its versions. It must be there, of the purpose ENCRYPT_DECRYPT, with an
    enabled primary version, and the agent must have been granted its use (Cloud KMS: CMEK, "Service agents").
    """
    problem = _problem_with(context, key.partition("/cryptoKeyVersions/")[0], agent)
    if problem:
        raise refuse(problem)


def primary_of(context: Context, key: str) -> str:
    """The name of the primary version of a key that is there: what a service encrypts with now."""
    return str(context.resources.require(KEYS, key).body["primary"]["name"])


def is_key_name(name: str) -> bool:
    """Whether a text has the form of a key's name: projects/P/locations/L/keyRings/R/cryptoKeys/K."""
    return bool(_NAME.fullmatch(name))


def decrypt(context: Context, key: str, ciphertext: bytes, agent: str, denied: ApiError) -> bytes:
    """The plaintext of a ciphertext of a key, for a service agent (an e-mail address).

    Raises `denied` where the agent has no such right or the key is not there, which it may not tell apart; 400 for a
    ciphertext of another key and for a version that is not enabled.
    """
    found = context.resources.get(KEYS, key)
    if found is None or not context.policies.allows(f"serviceAccount:{agent}", _DECRYPT, key):
        raise denied
    return opened(context, found, ciphertext)[1]


def _problem_with(context: Context, key: str, agent: str) -> str:
    if not is_key_name(key):
        return f"{key[:200]} is no name of a Cloud KMS key: projects/P/locations/L/keyRings/R/cryptoKeys/K."
    found = context.resources.get(KEYS, key)
    primary = found.body.get("primary") if found is not None else None
    if primary is None or not all(context.policies.allows(f"serviceAccount:{agent}", p, key) for p in _NEEDED):
        return (
            f"Permission denied on Cloud KMS key {key} (or it may not exist): grant "
            f"roles/cloudkms.cryptoKeyEncrypterDecrypter on it to {agent}."
        )
    version = context.resources.get(VERSIONS, primary["name"])
    if version is None or version.body["state"] != "ENABLED":
        return f"The primary version of Cloud KMS key {key} is not enabled."
    return ""
