"""macSign and macVerify: HMAC of the caller's data."""

from __future__ import annotations

import hmac

from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import checksums
from emulator.services.cloudkms.resources import METHODS
from emulator.services.cloudkms.sealing import usable
from emulator.services.cloudkms.service import SERVICE

_VERSIONS = f"{METHODS}.cryptoKeys.cryptoKeyVersions"
_PURPOSE = "MAC"


@SERVICE.handles(f"{_VERSIONS}.macSign", permission="cloudkms.cryptoKeyVersions.useToSign")
async def mac_sign(request: Request) -> Answer:
    """Make the tag of data."""
    data = checksums.read(request, "data")
    version, algorithm, secret = usable(request.context, request.name, _PURPOSE)
    return {
        "name": version.name,
        **checksums.shown("mac", hmac.digest(secret, data, algorithm.digest)),
        "protectionLevel": version.body["protectionLevel"],
        **checksums.verified(request, "data"),
    }


@SERVICE.handles(f"{_VERSIONS}.macVerify", permission="cloudkms.cryptoKeyVersions.useToVerify")
async def mac_verify(request: Request) -> Answer:
    """Say whether a tag is that of data."""
    data, mac = checksums.read(request, "data"), checksums.read(request, "mac", limit=64)
    version, algorithm, secret = usable(request.context, request.name, _PURPOSE)
    success = hmac.compare_digest(mac, hmac.digest(secret, data, algorithm.digest))
    return {
        "name": version.name,
        "success": success,
        "verifiedSuccessIntegrity": success,
        "protectionLevel": version.body["protectionLevel"],
        **checksums.verified(request, "data", "mac"),
    }
