"""Keys of service accounts that IAM keeps to itself and signs with: one for each account, made when first used.

Its private half stays in the state. Its public half is published as that of any key, so what it signs can be verified.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

from emulator.access.authentication import KEYS, key_record, new_private_key
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_PRIVATE = "privateKeyPem"


def is_system_managed(key: Resource) -> bool:
    """Whether a key is one that IAM signs with."""
    return _PRIVATE in key.body


async def sign(context: Context, account: Resource, data: bytes) -> tuple[str, bytes]:
    """The id of an account's key and its signature of the bytes: RSA with SHA-256, PKCS #1 version 1.5."""
    key = await key_of(context, account)
    return key.id, await asyncio.to_thread(_signature, key.body[_PRIVATE], data)


async def key_of(context: Context, account: Resource) -> Resource:
    """The key that IAM signs with for an account."""
    return _known(context, account) or await _make(context, account)


def _known(context: Context, account: Resource, tx: sqlite3.Connection | None = None) -> Resource | None:
    keys = context.resources.list(KEYS, account.name, tx=tx)[0]
    return next((key for key in keys if is_system_managed(key)), None)


async def _make(context: Context, account: Resource) -> Resource:
    body = await asyncio.to_thread(_new_record, account.body["uniqueId"])
    name = f"{account.name}/keys/{context.ids.hex(40)}"

    def step(tx: sqlite3.Connection) -> Resource:
        return _known(context, account, tx) or context.resources.insert(tx, KEYS, name, account.name, body)

    return await context.db.write(step)


def _new_record(owner: str) -> dict[str, object]:
    from cryptography.hazmat.primitives import serialization

    private = new_private_key()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return {**key_record(private, owner), _PRIVATE: private.private_bytes(*form).decode()}


def _signature(pem: str, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey)
    return key.sign(data, PKCS1v15(), hashes.SHA256())
