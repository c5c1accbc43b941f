"""What other services ask of Cloud KMS, in process: may an agent encrypt with a key, and what is in a ciphertext."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.cloudkms import uses
from emulator.services.cloudkms.erasing import erases, erases_encrypted, erases_later
from emulator.services.cloudkms.protecting import (
    Refusals,
    User,
    closed,
    is_key_name,
    key_of,
    primary_of,
    require_open,
    version_for,
)
from emulator.services.cloudkms.resources import KEYS, not_enabled, violation
from emulator.services.cloudkms.sealing import opened, protecting_material

if TYPE_CHECKING:
    from emulator.context import Context

__all__ = [
    "Refusals",
    "User",
    "closed",
    "decrypt",
    "erases",
    "erases_encrypted",
    "erases_later",
    "is_key_name",
    "key_of",
    "not_enabled",
    "primary_of",
    "protecting_material",
    "require_open",
    "version_for",
    "violation",
]

_DECRYPT = "cloudkms.cryptoKeyVersions.useToDecrypt"


def decrypt(context: Context, key: str, ciphertext: bytes, agent: str, denied: ApiError) -> bytes:
    """The plaintext of a ciphertext of a key, for a service agent (an e-mail address).

    Raises `denied` where the agent has no such right or the key is not there, which it may not tell apart; 400 for a
    ciphertext of another key and for a version that is not enabled.
    """
    found = context.resources.get(KEYS, key)
    if found is None or not context.policies.allows(f"serviceAccount:{agent}", _DECRYPT, key):
        raise denied
    plaintext = opened(context, found, ciphertext)[1]
    uses.record(context, agent, key, "decrypt", None)
    return plaintext
