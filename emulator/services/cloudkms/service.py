"""The service object of Cloud KMS; the other modules register their handlers on it."""

from emulator.gateway.service import Service

SCHEMA = """
CREATE TABLE IF NOT EXISTS kms_material(version TEXT PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID;
"""
SERVICE = Service("cloudkms", documents=("cloudkms.v1",), schema=SCHEMA)
