"""Secret Manager: secrets and their versions, global and regional, over REST and gRPC; by its clock they expire."""

from emulator.services.secretmanager import lifecycle, secrets, versions
from emulator.services.secretmanager.service import SERVICE

__all__ = ["SERVICE", "lifecycle", "secrets", "versions"]
