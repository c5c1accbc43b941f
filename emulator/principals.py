"""Who exists from the first start: the project, its owner, and the service account of the key file."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.access import certificates
from emulator.access.authentication import ACCOUNTS, KEYS, account_name, make_key, new_private_key
from emulator.access.hierarchy import ORGANIZATION, PROJECTS
from emulator.access.owner import lacks_roles
from emulator.settings import Settings, project_number
from emulator.state.private import private_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from emulator.context import Context

CREDENTIALS = "credentials.json"


def begin_key(settings: Settings) -> Future[RSAPrivateKey] | None:
    """Start to make the private key of the key file on a thread; None where there is a key file already."""
    if _read(settings.state / CREDENTIALS) is not None:
        return None
    thread = ThreadPoolExecutor(1)
    try:
        return thread.submit(new_private_key)
    finally:
        thread.shutdown(wait=False)


def ensure(context: Context, private: Future[RSAPrivateKey] | None) -> None:
    """Create what is missing, before the first request; `private` is what `begin_key` gave."""
    context.db.write_now(_ensure_account, context, private)
    context.db.write_now(_ensure_hierarchy, context)


def _ensure_hierarchy(tx: sqlite3.Connection, context: Context) -> None:
    settings = context.settings
    name = f"projects/{settings.project}"
    if context.resources.get(PROJECTS, name, tx) is None:
        body = {
            "projectId": settings.project,
            "projectNumber": project_number(settings.project),
            "name": settings.project,
            "lifecycleState": "ACTIVE",
            "labels": {},
            "parent": {"type": "organization", "id": ORGANIZATION.rsplit("/", 1)[-1]},
        }
        context.resources.insert(tx, PROJECTS, name, ORGANIZATION, body)
        account = {"role": "roles/owner", "members": [f"serviceAccount:{settings.account}"]}
        context.policies.set(tx, name, {"bindings": [account]})
    policy = context.policies.get(ORGANIZATION, tx)
    if missing := lacks_roles(policy, settings.owner):
        own = [{"role": role, "members": [settings.owner]} for role in missing]
        bindings = [*policy.get("bindings", []), *own]
        context.policies.set(tx, ORGANIZATION, {"version": 3, "etag": policy["etag"], "bindings": bindings})


def _ensure_account(tx: sqlite3.Connection, context: Context, private: Future[RSAPrivateKey] | None) -> None:
    settings = context.settings
    name = account_name(settings.account)
    if context.resources.get(ACCOUNTS, name, tx) is None:
        body = {
            "projectId": settings.project,
            "email": settings.account,
            "uniqueId": "1" + context.ids.number()[:20],
            "displayName": "The emulator's own",
        }
        context.resources.insert(tx, ACCOUNTS, name, f"projects/{settings.project}", body)
    path = settings.state / CREDENTIALS
    key = _read(path)
    if key is None or key.get("client_email") != settings.account:
        key = make_key(context, tx, settings.account, private.result() if private is not None else None)
    elif context.resources.get(KEYS, f"{name}/keys/{key['private_key_id']}", tx) is None:
        _register(tx, context, name, key)
    key["token_uri"] = f"{settings.base_url}/token"
    private_file(path, json.dumps(key, indent=2).encode())


def _register(tx: sqlite3.Connection, context: Context, account: str, key: dict[str, Any]) -> None:
    """Know a key file again whose record is gone (after `reset`)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    # It is the emulator's own, whose numbers it takes a tenth of a second to check.
    private = serialization.load_pem_private_key(
        key["private_key"].encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert isinstance(private, RSAPrivateKey)
    owner = context.resources.require(ACCOUNTS, account, tx).body["uniqueId"]
    certificate = certificates.self_signed(private, owner)
    body = {"publicKeyPem": public.decode(), "certificatePem": certificate.decode(), "disabled": False}
    context.resources.insert(tx, KEYS, f"{account}/keys/{key['private_key_id']}", account, body)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        key: dict[str, Any] = json.loads(path.read_text())
        key["private_key"], key["private_key_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return key
