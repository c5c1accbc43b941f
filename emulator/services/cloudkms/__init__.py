"""Cloud KMS: key rings, keys and their versions with IAM, and encryption with symmetric keys (AES-256-GCM)."""

from emulator.services.cloudkms import encryption, keys, rings, versions
from emulator.services.cloudkms.service import SERVICE

__all__ = ["SERVICE", "encryption", "keys", "rings", "versions"]
