"""Resource Manager: projects, folders and the organization above them, their policies and audit configs, tags."""

from emulator.services.resourcemanager import folders, organizations, policies, projects
from emulator.services.resourcemanager.service import SERVICE
from emulator.services.resourcemanager.tags import bindings, keys

__all__ = ["SERVICE", "bindings", "folders", "keys", "organizations", "policies", "projects"]
