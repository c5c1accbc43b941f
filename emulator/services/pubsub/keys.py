"""Keys of Cloud KMS that encrypt a topic's messages: the primary version decides whether they come and go.

https://cloud.google.com/pubsub/docs/encryption
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import ApiError, failed_precondition, invalid_argument
from emulator.services.cloudkms import api as cloudkms
from emulator.services.serviceusage.catalogue import agent_of

if TYPE_CHECKING:
    from emulator.context import Context


def require_usable(context: Context, topic: str, key: str, tx: sqlite3.Connection | None = None) -> str:
    """The version with which Pub/Sub encrypts a topic's messages now.

    Raises 400 where it can't encrypt and decrypt with the key: not granted, or not enabled.
    """
    return cloudkms.version_for(context, key, cloudkms.User(agent_of(context, "pubsub", topic), _REFUSALS), tx=tx)


def _denied(_said: str, key: str, agent: str) -> ApiError:
    return failed_precondition(
        "Cloud Pub/Sub did not have the necessary permissions configured to support this operation. Please verify "
        f"that the service account {agent} was granted the Cloud KMS CryptoKey Encrypter/Decrypter role for the "
        f"project containing the CryptoKey resource {key} (or it may not exist)."
    )


_REFUSALS = cloudkms.Refusals(denied=_denied, malformed=invalid_argument, elsewhere=invalid_argument)
