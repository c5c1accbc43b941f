"""The pages as a service of the emulator: it has no methods, but pages, an endpoint and a table."""

from emulator.gateway.service import Service
from emulator.web.sessions import schema

SERVICE = Service("web", documents=(), schema=schema("viewer"))
