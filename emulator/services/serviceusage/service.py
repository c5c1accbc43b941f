"""The service object of Service Usage; the other modules register their handlers on it."""

from emulator.gateway.service import Service

SERVICE = Service("serviceusage", documents=("serviceusage.v1", "serviceusage.v1beta1"))
