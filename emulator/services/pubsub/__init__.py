"""Cloud Pub/Sub: topics, subscriptions and schemas over REST and gRPC, messages that survive a restart."""

from emulator.gateway.service import Service
from emulator.services.pubsub.store import SCHEMA

SERVICE = Service("pubsub", documents=("pubsub.v1",), schema=SCHEMA, anonymous=True)

from emulator.services.pubsub import lifecycle, methods, schemas  # noqa: E402, F401  these register the handlers
