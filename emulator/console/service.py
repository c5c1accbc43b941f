"""The console as a service of the emulator: it has no methods, but a site, an endpoint and a table."""

from emulator.gateway.service import Service
from emulator.web.sessions import schema

SERVICE = Service("console", documents=(), schema=schema("console"))
