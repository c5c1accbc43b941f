"""Resource Manager: projects, the organization above them, their policies and audit configuration (v1 and v3), tags."""

from emulator.services.resourcemanager import organizations, policies, projects
from emulator.services.resourcemanager.service import SERVICE
from emulator.services.resourcemanager.tags import bindings, keys

__all__ = ["SERVICE", "bindings", "keys", "organizations", "policies", "projects"]
