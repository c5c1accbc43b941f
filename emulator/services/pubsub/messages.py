"""What Pub/Sub takes for a message, and how times of messages are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from emulator.errors import invalid_argument
from emulator.services.pubsub.store import NewMessage

# Pub/Sub: quotas and limits, "Resource limits".
MESSAGES = 1000  # in a request
REQUEST_BYTES = 10_000_000  # as the client library's limit is; the data of one message may be as large
ATTRIBUTES = 100
KEY_BYTES = 256
VALUE_BYTES = 1024
ORDERING_KEY_BYTES = 1024
_MORE = "Refer to https://cloud.google.com/pubsub/quotas for more information."


def check_messages(messages: Sequence[NewMessage]) -> None:
    """Raise a 400 for messages that Pub/Sub refuses in one publish request."""
    if not messages:
        raise invalid_argument("messages is required: give at least one message.")
    if len(messages) > MESSAGES:
        raise invalid_argument(
            f"The value for message_count is too large. You passed {len(messages)} in the request, but the maximum "
            f"value is {MESSAGES}. {_MORE}"
        )
    size = sum(_size(message) for message in messages)
    if size > REQUEST_BYTES:
        raise invalid_argument(
            f"The value for request_size is too large. You passed {size} in the request, but the maximum value is "
            f"{REQUEST_BYTES}. {_MORE}"
        )
    for message in messages:
        _check(message)


def _check(message: NewMessage) -> None:
    if not message.data and not message.attributes:
        raise invalid_argument(
            "One or more messages in the publish request is empty. Each message must contain either non-empty data, "
            "or at least one attribute."
        )
    if len(message.attributes) > ATTRIBUTES:
        raise invalid_argument(
            f"The value for attribute_count is too large. You passed {len(message.attributes)} in the request, but the "
            f"maximum value is {ATTRIBUTES}. {_MORE}"
        )
    for key, value in message.attributes.items():
        _check_length("a key", len(key.encode()), KEY_BYTES)
        if key.startswith("goog"):
            raise invalid_argument(f'The attribute "{key}" in the request has a key that starts with "goog": reserved.')
        _check_length("a value", len(value.encode()), VALUE_BYTES, key)
    length = len(message.ordering_key.encode())
    if length > ORDERING_KEY_BYTES:
        raise invalid_argument(
            f"The ordering key in the request is too long. The length is {length} characters, but the maximum allowed "
            f"is {ORDERING_KEY_BYTES}. {_MORE}"
        )


def _check_length(what: str, length: int, limit: int, key: str = "") -> None:
    """Google's words (java-pubsub#2312, Beam#23022): they say characters, and count bytes."""
    if length > limit:
        raise invalid_argument(
            f'The attribute "{key}" in the request has {what} that is too long. The length is {length} characters, '
            f"but the maximum allowed is {limit}. {_MORE}"
        )


def _size(message: NewMessage) -> int:
    attributes = sum(len(key.encode()) + len(value.encode()) for key, value in message.attributes.items())
    return len(message.data) + attributes + len(message.ordering_key.encode())


def stamp(seconds: float, zone: str = "Z") -> str:
    """RFC 3339 with milliseconds; zone is how UTC is written."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + zone
