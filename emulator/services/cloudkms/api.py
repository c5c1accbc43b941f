"""What other services ask of Cloud KMS, in process: may this service agent encrypt with that key?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.cloudkms.resources import KEYS, VERSIONS

if TYPE_CHECKING:
    from emulator.app import Emulator

_NEEDED = ("cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt")


def problem_with(emulator: Emulator, key: str, agent: str) -> str:
    """Why `agent` (an e-mail address) can't protect data with `key` (projects/.../cryptoKeys/K); "" if it can."""
    found = emulator.resources.get(KEYS, key)
    primary = found.body.get("primary") if found is not None else None
    if primary is None or not all(emulator.policies.allows(f"serviceAccount:{agent}", p, key) for p in _NEEDED):
        return (
            f"Permission denied on Cloud KMS key {key} (or it may not exist): grant "
            f"roles/cloudkms.cryptoKeyEncrypterDecrypter on it to {agent}."
        )
    version = emulator.resources.get(VERSIONS, primary["name"])
    if version is None or version.body["state"] != "ENABLED":
        return f"The primary version of Cloud KMS key {key} is not enabled."
    return ""
