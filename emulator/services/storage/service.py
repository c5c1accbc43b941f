"""The storage service: Google's discovery document, and a fragment of our own for the paths that it leaves out."""

from __future__ import annotations

from emulator.gateway.service import Service
from emulator.services.storage.tables import SCHEMA

SERVICE = Service("storage", ("storage.v1", "storage-media.v1"), SCHEMA, lenient=True, anonymous=True, public=True)
