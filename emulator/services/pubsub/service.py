"""The Pub/Sub service: Google's discovery document, and its tables."""

from emulator.gateway.service import Service
from emulator.services.pubsub import revisions, store

SERVICE = Service("pubsub", documents=("pubsub.v1",), schema=store.SCHEMA + revisions.SCHEMA, anonymous=True)
