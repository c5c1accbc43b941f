"""The service object of Cloud Identity; the other modules register their handlers on it."""

from emulator.gateway.service import Service

SERVICE = Service("cloudidentity", documents=("cloudidentity.v1",))
