"""locations.generateRandomBytes: randomness, as an HSM would give it."""

from __future__ import annotations

import secrets

from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import checksums
from emulator.services.cloudkms.service import SERVICE

_LEAST, _MOST = 8, 1024  # GenerateRandomBytesRequest.lengthBytes


@SERVICE.handles("cloudkms.projects.locations.generateRandomBytes")
async def generate_random_bytes(request: Request) -> Answer:
    """Give 8 to 1024 random bytes; only the protection level HSM is known."""
    length = request.body.get("lengthBytes") or 0
    if not _LEAST <= length <= _MOST:
        raise invalid_argument(f"lengthBytes must be from {_LEAST} to {_MOST}.")
    if request.body.get("protectionLevel") != "HSM":
        raise invalid_argument("protectionLevel must be HSM.")
    return checksums.shown("data", secrets.token_bytes(length))
