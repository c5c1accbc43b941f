"""Cloud Pub/Sub: topics, subscriptions and schemas over REST and gRPC, messages that survive a restart."""

from emulator.services.pubsub import lifecycle, methods, schemas, snapshots
from emulator.services.pubsub.delivery import push
from emulator.services.pubsub.service import SERVICE

__all__ = ["SERVICE", "lifecycle", "methods", "push", "schemas", "snapshots"]
