"""V4 signed URLs: who signed, whether the signature holds, whether it is still valid.

https://cloud.google.com/storage/docs/authentication/signatures. Only RSA keys of service accounts sign here; HMAC
keys are not emulated.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from emulator.gateway.authentication import ACCOUNTS, KEYS, account_name
from emulator.gateway.errors import ApiError
from emulator.gateway.request import Request

ALGORITHM = "GOOG4-RSA-SHA256"
MAX_EXPIRES_SECONDS = 604_800


def is_signed(request: Request) -> bool:
    """Whether the URL carries a signature."""
    return any(name.lower() == "x-goog-signature" for name, _ in request.raw_query)


def signer(request: Request) -> str:
    """The principal whose key signed the URL. Raises 400 for one that is malformed or expired, 403 for a wrong one."""
    query = {name.lower(): value for name, value in request.raw_query}
    if query.get("x-goog-algorithm") != ALGORITHM:
        raise _malformed(f"X-Goog-Algorithm must be {ALGORITHM}; HMAC keys are not emulated.")
    email, _, scope = query.get("x-goog-credential", "").partition("/")
    date = query.get("x-goog-date", "")
    try:
        issued = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        expires = int(query.get("x-goog-expires", ""))
        signature = bytes.fromhex(query["x-goog-signature"])
    except ValueError as error:
        raise _malformed("X-Goog-Date, X-Goog-Expires or X-Goog-Signature is malformed.") from error
    if not 0 < expires <= MAX_EXPIRES_SECONDS:
        raise _malformed(f"X-Goog-Expires must be from 1 to {MAX_EXPIRES_SECONDS} seconds.")
    now = request.emulator.clock.now()
    if not issued - timedelta(minutes=15) <= now <= issued + timedelta(seconds=expires):
        raise ApiError(400, "INVALID_ARGUMENT", "Invalid argument: the signed URL has expired.", "ExpiredToken")
    methods = ("GET", "HEAD") if request.method.http == "GET" else (request.method.http,)
    host = request.headers.get("host", "")
    # Node's client signs the host without its port, since Google's has none.
    hosts = (host, host.rpartition(":")[0]) if host.rpartition(":")[2].isdigit() else (host,)
    texts = [_string_to_sign(request, method, host, date, scope, query) for method in methods for host in hosts]
    if not _verifies(request, email, signature, texts):
        message = (
            "Access denied. The request signature we calculated does not match the signature you provided. "
            "Check your Google secret key and signing method."
        )
        raise ApiError(403, "PERMISSION_DENIED", message, "SignatureDoesNotMatch")
    return f"serviceAccount:{email}"


def _string_to_sign(request: Request, method: str, host: str, date: str, scope: str, query: dict[str, str]) -> bytes:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.raw_query
        if name.lower() != "x-goog-signature"
    )
    signed = query.get("x-goog-signedheaders", "host")
    given = {**request.headers, "host": host}
    headers = "".join(f"{name}:{' '.join(given.get(name, '').split())}\n" for name in signed.split(";"))
    payload = request.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    canonical = "\n".join(
        [method, request.raw_path, "&".join(f"{name}={value}" for name, value in pairs), headers, signed, payload]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{date}\n{scope}\n{digest}".encode()


def _verifies(request: Request, email: str, signature: bytes, texts: list[bytes]) -> bool:
    """Whether one of the account's keys made the signature of one of the texts."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    resources, account = request.emulator.resources, account_name(email)
    known = resources.get(ACCOUNTS, account)
    if known is None or known.body.get("disabled"):
        return False
    for key in resources.list(KEYS, account)[0]:
        public = serialization.load_pem_public_key(key.body["publicKeyPem"].encode())
        if key.body.get("disabled") or not isinstance(public, rsa.RSAPublicKey):
            continue
        for text in texts:
            try:
                public.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                continue
            return True
    return False


def _malformed(message: str) -> ApiError:
    return ApiError(400, "INVALID_ARGUMENT", message, "AuthenticationRequired")
