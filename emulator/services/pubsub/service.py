"""The Pub/Sub service: Google's discovery document, and its tables."""

from emulator.gateway.service import Service
from emulator.services.pubsub import revisions, store

_SUBSCRIPTIONS = "pubsub.projects.subscriptions."
SERVICE = Service(
    "pubsub",
    documents=("pubsub.v1",),
    schema=store.SCHEMA + revisions.SCHEMA,
    anonymous=True,
    data=(
        "pubsub.projects.topics.publish",
        *(f"{_SUBSCRIPTIONS}{verb}" for verb in ("pull", "acknowledge", "modifyAckDeadline")),
    ),
)
SERVICE.grpc = "emulator.services.pubsub.rpc"
