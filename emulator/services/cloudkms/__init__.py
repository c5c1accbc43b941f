"""Cloud KMS: key rings, keys and their versions with IAM, rotation, and all that keys encrypt, sign and verify."""

from emulator.services.cloudkms import asymmetric, encryption, keys, macs, random_bytes, raw, rings, rotation, versions
from emulator.services.cloudkms.service import SERVICE

__all__ = [
    "SERVICE",
    "asymmetric",
    "encryption",
    "keys",
    "macs",
    "random_bytes",
    "raw",
    "rings",
    "rotation",
    "versions",
]
