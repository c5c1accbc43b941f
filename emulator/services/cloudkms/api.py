"""What other services ask of Cloud KMS, in process: may this service agent encrypt with that key?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.services.cloudkms.resources import KEYS, VERSIONS

if TYPE_CHECKING:
    from emulator.context import Context

_NEEDED = ("cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt")
_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")


def require_usable(context: Context, key: str, agent: str, refuse: Callable[[str], ApiError]) -> None:
    """Raise what `refuse` makes of the reason why `agent` (an e-mail address) can't protect data with `key`.

    key is projects/.../cryptoKeys/K, or one of its versions. It must be there, of the purpose ENCRYPT_DECRYPT, with an
    enabled primary version, and the agent must have been granted its use (Cloud KMS: CMEK, "Service agents").
    """
    problem = _problem_with(context, key.partition("/cryptoKeyVersions/")[0], agent)
    if problem:
        raise refuse(problem)


def _problem_with(context: Context, key: str, agent: str) -> str:
    if not _NAME.fullmatch(key):
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
