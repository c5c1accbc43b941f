"""Service Usage: which APIs a project has enabled, and the service agents that come with them (v1 and v1beta1)."""

from emulator.services.serviceusage import apis, identities
from emulator.services.serviceusage.service import SERVICE

__all__ = ["SERVICE", "apis", "identities"]
