"""Resource Manager: projects, the organization above them, their policies and audit configuration (v1 and v3)."""

from emulator.services.resourcemanager import organizations, policies, projects
from emulator.services.resourcemanager.service import SERVICE

__all__ = ["SERVICE", "organizations", "policies", "projects"]
