"""Resource Manager: the project, its policy and audit configuration (v1 and v3)."""

from emulator.services.resourcemanager import policies, projects
from emulator.services.resourcemanager.service import SERVICE

__all__ = ["SERVICE", "policies", "projects"]
