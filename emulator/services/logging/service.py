"""The service object of Cloud Logging; the other modules register their handlers on it."""

from emulator.gateway.service import Service

SERVICE = Service("logging", documents=("logging.v2",))
