"""The healthcare service: Google's two discovery documents, and its tables."""

from emulator.gateway.service import Service
from emulator.services.healthcare.tables import SCHEMA

SERVICE = Service("healthcare", documents=("healthcare.v1", "healthcare.v1beta1"), schema=SCHEMA)
