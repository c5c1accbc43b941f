"""The service object of Cloud KMS; the other modules register their handlers on it."""

from emulator.gateway.service import Service

SCHEMA = """
CREATE TABLE IF NOT EXISTS kms_material(version TEXT PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID;
"""
_KEYS = "cloudkms.projects.locations.keyRings.cryptoKeys"
_USES = ("rawEncrypt", "rawDecrypt", "asymmetricSign", "asymmetricDecrypt", "macSign", "macVerify", "getPublicKey")
SERVICE = Service(
    "cloudkms",
    documents=("cloudkms.v1",),
    schema=SCHEMA,
    data=(
        *(f"{_KEYS}.{use}" for use in ("encrypt", "decrypt")),
        *(f"{_KEYS}.cryptoKeyVersions.{use}" for use in _USES),
        "cloudkms.projects.locations.generateRandomBytes",
    ),
)
"""Cloud KMS; what keys are used for is access to data (Cloud KMS: audit logging)."""
