"""Keys of service accounts: real RSA keys, whose key files Google's clients use unchanged.

Only the public half is kept; the private half is in the answer to `create` and nowhere else, as on Google Cloud.
"""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from typing import Any

import orjson

from emulator.access.authentication import ACCOUNTS, KEYS, make_key
from emulator.errors import failed_precondition, invalid_argument, not_implemented, resource_exhausted
from emulator.gateway.request import Answer, Request
from emulator.services.iam.names import account_name, require_account, require_key, resource_name, unknown_account
from emulator.services.iam.service import SERVICE
from emulator.services.iam.system_keys import is_system_managed
from emulator.state.resources import Resource

_METHODS = "iam.projects.serviceAccounts.keys"
_PERMISSION = "iam.serviceAccountKeys"
# IAM, page "Quotas and limits": service account keys for each service account.
KEY_LIMIT = 10
_PUBLIC = {"TYPE_RAW_PUBLIC_KEY": "publicKeyPem", "TYPE_X509_PEM_FILE": "certificatePem"}
_FOREVER = "9999-12-31T23:59:59Z"


def view(key: Resource) -> dict[str, Any]:
    """A key as IAM answers it, without key data."""
    answer = {
        "name": key.name,
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": key.body.get("origin", "GOOGLE_PROVIDED"),
        "keyType": "SYSTEM_MANAGED" if is_system_managed(key) else "USER_MANAGED",
        "validAfterTime": key.created,
        "validBeforeTime": key.body.get("validBefore", _FOREVER),
    }
    if key.body.get("disabled"):
        answer["disabled"] = True
        answer["disableReason"] = "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"
    return answer


@SERVICE.handles(f"{_METHODS}.create", permission=f"{_PERMISSION}.create", on=resource_name)
async def create(request: Request) -> Answer:
    """Create a key; the answer holds the key file, once."""
    context = request.context
    name = account_name(request)
    if request.body.get("privateKeyType") == "TYPE_PKCS12_FILE":
        raise not_implemented("Keys in PKCS12 form are not emulated; ask for TYPE_GOOGLE_CREDENTIALS_FILE.")
    if request.body.get("keyAlgorithm") == "KEY_ALG_RSA_1024":
        raise invalid_argument("KEY_ALG_RSA_1024 is too weak; ask for KEY_ALG_RSA_2048.")

    def step(tx: sqlite3.Connection) -> tuple[dict[str, Any], Resource]:
        _require_room(request, tx)
        file = make_key(context, tx, name.email)
        return file, context.resources.require(KEYS, f"{name}/keys/{file['private_key_id']}", tx)

    file, key = await context.db.write(step)
    data = base64.b64encode(orjson.dumps(file, option=orjson.OPT_INDENT_2)).decode()
    return {**view(key), "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE", "privateKeyData": data}


@SERVICE.handles(f"{_METHODS}.upload", permission=f"{_PERMISSION}.create", on=resource_name)
async def upload(request: Request) -> Answer:
    """Register the public half of a key that the caller made: an X.509 certificate in PEM form."""
    context = request.context
    certificate = base64.b64decode(request.body.get("publicKeyData", ""))
    public_key, valid_before = await asyncio.to_thread(_read_certificate, certificate)
    body = {
        "publicKeyPem": public_key,
        "certificatePem": certificate.decode(),
        "origin": "USER_PROVIDED",
        "validBefore": valid_before,
        "disabled": False,
    }

    def step(tx: sqlite3.Connection) -> Resource:
        _require_room(request, tx)
        account = str(account_name(request))
        return context.resources.insert(tx, KEYS, f"{account}/keys/{context.ids.hex(40)}", account, body)

    return view(await context.db.write(step))


@SERVICE.handles(f"{_METHODS}.get", permission=f"{_PERMISSION}.get", on=resource_name)
async def get(request: Request) -> Answer:
    """One key; publicKeyType adds its public half, alone or as a certificate."""
    key = require_key(request)
    kept = _PUBLIC.get(request.query.get("publicKeyType", "TYPE_NONE"))
    if kept is None:
        return view(key)
    pem = key.body.get(kept)
    if pem is None:
        raise failed_precondition("The key was made by an emulator that kept no certificates; create a new key.")
    return {**view(key), "publicKeyData": base64.b64encode(pem.encode()).decode()}


@SERVICE.handles(f"{_METHODS}.list", permission=f"{_PERMISSION}.list", on=resource_name)
async def list_keys(request: Request) -> Answer:
    """The keys of an account, of all types or those asked for; a system-managed one exists once it has signed."""
    name = account_name(request)
    require_account(request.context, name)
    wanted = {each for each in request.query.get("keyTypes", []) if each != "KEY_TYPE_UNSPECIFIED"}
    found = map(view, request.context.resources.list(KEYS, str(name))[0])
    shown = [key for key in found if not wanted or key["keyType"] in wanted]
    return {"keys": shown} if shown else {}


@SERVICE.handles(f"{_METHODS}.delete", permission=f"{_PERMISSION}.delete", on=resource_name)
async def delete(request: Request) -> Answer:
    """Delete a key: what it signed is refused from now on."""
    context = request.context
    key = _require_own(request)

    def step(tx: sqlite3.Connection) -> None:
        context.resources.delete(tx, KEYS, key.name)
        context.db.after_commit(context.authenticator.forget)

    await context.db.write(step)
    return {}


@SERVICE.handles(f"{_METHODS}.enable", permission=f"{_PERMISSION}.enable", on=resource_name)
async def enable(request: Request) -> Answer:
    """Accept a disabled key again."""
    return await _set_disabled(request, disabled=False)


@SERVICE.handles(f"{_METHODS}.disable", permission=f"{_PERMISSION}.disable", on=resource_name)
async def disable(request: Request) -> Answer:
    """Refuse what a key signs until it is enabled again."""
    return await _set_disabled(request, disabled=True)


async def _set_disabled(request: Request, *, disabled: bool) -> Answer:
    context = request.context
    name = _require_own(request).name

    def step(tx: sqlite3.Connection) -> None:
        key = context.resources.require(KEYS, name, tx)
        context.resources.replace(tx, KEYS, name, {**key.body, "disabled": disabled})
        context.db.after_commit(context.authenticator.forget)

    await context.db.write(step)
    return {}


def _require_own(request: Request) -> Resource:
    """The user-managed key that a path names; a 400 for a system-managed one, which nobody changes."""
    key = require_key(request)
    if is_system_managed(key):
        raise failed_precondition(f"Service account key {key.id} is managed by Google: it can't be changed.")
    return key


def _require_room(request: Request, tx: sqlite3.Connection) -> None:
    context = request.context
    name = account_name(request)
    if context.resources.get(ACCOUNTS, str(name), tx) is None:
        raise unknown_account(name)
    keys = context.resources.list(KEYS, str(name), tx=tx)[0]
    if sum(not is_system_managed(key) for key in keys) >= KEY_LIMIT:
        raise resource_exhausted("Maximum number of keys on account reached.")


def _read_certificate(data: bytes) -> tuple[str, str]:
    """(public key in PEM form, end of validity) of a PEM certificate; a 400 for anything else than an RSA one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        certificate = x509.load_pem_x509_certificate(data)
        key = certificate.public_key()
    except ValueError as error:
        raise invalid_argument("publicKeyData must be an X.509 certificate in PEM form.") from error
    if not isinstance(key, RSAPublicKey):
        raise invalid_argument("publicKeyData must be the certificate of an RSA key.")
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode(), certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
