"""Cloud Pub/Sub: topics, subscriptions and schemas over REST and gRPC, messages that survive a restart."""

from emulator.gateway.service import Service
from emulator.services.pubsub import revisions, store

SERVICE = Service("pubsub", documents=("pubsub.v1",), schema=store.SCHEMA + revisions.SCHEMA, anonymous=True)

from emulator.services.pubsub import lifecycle, methods, schemas  # noqa: E402, F401  these register the handlers
