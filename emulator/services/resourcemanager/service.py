"""The service object of Resource Manager; the other modules register their handlers on it."""

from emulator.gateway.service import Service

SERVICE = Service("resourcemanager", documents=("cloudresourcemanager.v1", "cloudresourcemanager.v3"))
