"""V4 signatures: who signed a URL, a request or a form, and whether that holds.

https://cloud.google.com/storage/docs/authentication/signatures. RSA keys of service accounts sign, and HMAC keys: by
Google's algorithm or by that of S3, whose names begin with x-amz- in place of x-goog-.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from emulator.access.authentication import ACCOUNTS, KEYS, account_name, holds
from emulator.errors import ApiError
from emulator.services.storage import hmac_keys

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.gateway.request import Request

RSA = "GOOG4-RSA-SHA256"
AWS = "AWS4-HMAC-SHA256"
_HMAC = {"GOOG4-HMAC-SHA256": ("GOOG4", "goog4_request"), AWS: ("AWS4", "aws4_request")}
MAX_EXPIRES_SECONDS = 604_800
_CLOCKS = timedelta(minutes=15)
_PARAMETER = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")


@dataclass(frozen=True)
class Claim:
    """What a signature says of itself; `scope` is DATE/REGION/SERVICE/TERMINATOR."""

    algorithm: str
    signer: str
    scope: str
    date: str
    signature: str

    @classmethod
    def of(cls, algorithm: str, credential: str, date: str, signature: str) -> Claim:
        """From its four parts. Raises 400 for one that is malformed."""
        signer, _, scope = credential.partition("/")
        if algorithm != RSA and algorithm not in _HMAC:
            raise malformed(f"The algorithm of a signature must be one of {', '.join((RSA, *_HMAC))}.")
        if scope.count("/") != 3 or not re.fullmatch(r"[0-9A-Fa-f]+", signature):
            raise malformed("The credential or the signature of the request is malformed.")
        return cls(algorithm, signer, scope, date, signature)

    @property
    def issued(self) -> datetime:
        """When it was made. Raises 400 for a malformed date."""
        try:
            return datetime.strptime(self.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise malformed("The date of the signature is malformed; it is written 20260131T235959Z.") from error

    def principal(self, context: Context, texts: Sequence[bytes]) -> str:
        """Who made it, of one of these texts. Raises 403 where nobody did."""
        if self.algorithm == RSA:
            given = bytes.fromhex(self.signature) if len(self.signature) % 2 == 0 else b""
            email = self.signer if signed_by_key(context, self.signer, given, texts) else ""
        else:
            email = self._signed_by_secret(context, texts)
        if not email:
            raise does_not_match()
        return f"serviceAccount:{email}"

    def to_sign(self, canonical: str) -> bytes:
        """What is signed of a canonical request."""
        return f"{self.algorithm}\n{self.date}\n{self.scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}".encode()

    def _signed_by_secret(self, context: Context, texts: Sequence[bytes]) -> str:
        found = hmac_keys.secret_of(context, self.signer)
        if found is None:
            message = "The access id of the signature is that of no active HMAC key."
            raise ApiError(403, "PERMISSION_DENIED", message, "InvalidSecurity")
        email, secret = found
        prefix, terminator = _HMAC[self.algorithm]
        key = (prefix + secret).encode()
        if not self.scope.endswith(f"/{terminator}"):
            raise malformed(f"The scope of the signature must end with {terminator}.")
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        given = bytes.fromhex(self.signature) if len(self.signature) == 64 else b""
        return email if any(hmac.compare_digest(hmac.digest(key, text, "sha256"), given) for text in texts) else ""


def signer(request: Request) -> str:
    """The principal whose key signed the URL or the request, "" where none did.

    Raises 400 for a signature that is malformed or expired, 403 for one that does not hold.
    """
    query = {name.lower(): value for name, value in request.raw_query}
    for prefix in ("x-goog-", "x-amz-"):
        if prefix + "signature" in query:
            return _of_url(request, query, prefix)
    algorithm, _, rest = request.headers.get("authorization", "").partition(" ")
    return _of_headers(request, algorithm, rest) if algorithm == RSA or algorithm in _HMAC else ""


def malformed(message: str) -> ApiError:
    """400: what should be a signature can't be read."""
    return ApiError(400, "INVALID_ARGUMENT", message, "AuthenticationRequired")


def does_not_match() -> ApiError:
    """403: nobody's key made the signature."""
    message = (
        "Access denied. The request signature we calculated does not match the signature you provided. "
        "Check your Google secret key and signing method."
    )
    return ApiError(403, "PERMISSION_DENIED", message, "SignatureDoesNotMatch")


def expired() -> ApiError:
    """400: it held once, or does not yet."""
    return ApiError(400, "INVALID_ARGUMENT", "Invalid argument: the signature has expired.", "ExpiredToken")


def _of_url(request: Request, query: Mapping[str, str], prefix: str) -> str:
    given = {name.removeprefix(prefix): value for name, value in query.items() if name.startswith(prefix)}
    claim = Claim.of(given.get("algorithm", ""), given.get("credential", ""), given.get("date", ""), given["signature"])
    seconds = given.get("expires", "")
    if not re.fullmatch("[0-9]{1,6}", seconds) or not 0 < int(seconds) <= MAX_EXPIRES_SECONDS:
        raise malformed(f"X-Goog-Expires must be from 1 to {MAX_EXPIRES_SECONDS} seconds.")
    now = request.context.clock.now()
    if not claim.issued - _CLOCKS <= now <= claim.issued + timedelta(seconds=int(seconds)):
        raise expired()
    return claim.principal(request.context, _texts(request, claim, given.get("signedheaders", "host")))


def _of_headers(request: Request, algorithm: str, rest: str) -> str:
    given = dict(_PARAMETER.findall(rest))
    headers = request.headers
    date = headers.get("x-goog-date") or headers.get("x-amz-date", "")
    claim = Claim.of(algorithm, given.get("Credential", ""), date, given.get("Signature", ""))
    if abs(request.context.clock.now() - claim.issued) > _CLOCKS:
        raise expired()
    return claim.principal(request.context, _texts(request, claim, given.get("SignedHeaders", "host")))


def _texts(request: Request, claim: Claim, signed: str) -> list[bytes]:
    """What may have been signed: a HEAD is routed as GET, and Node's client leaves the port out of the host.

    Raises 400 where the host is not among the signed headers, so that a signature would hold at any.
    """
    if "host" not in signed.split(";"):
        raise malformed("The signed headers must include host.")
    methods = ("GET", "HEAD") if request.method.http == "GET" else (request.method.http,)
    host = request.headers.get("host", "")
    hosts = (host, host.rpartition(":")[0]) if host.rpartition(":")[2].isdigit() else (host,)
    return [claim.to_sign(_canonical(request, method, host, signed)) for method in methods for host in hosts]


def _canonical(request: Request, method: str, host: str, signed: str) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.raw_query
        if name.lower() not in ("x-goog-signature", "x-amz-signature")
    )
    given = {**request.headers, "host": host}
    headers = "".join(f"{name}:{' '.join(given.get(name, '').split())}\n" for name in signed.split(";"))
    return "\n".join(
        [
            *(method, request.raw_path, "&".join(f"{name}={value}" for name, value in pairs), headers, signed),
            payload_hash(request.headers) or "UNSIGNED-PAYLOAD",
        ]
    )


def payload_hash(headers: Mapping[str, str]) -> str:
    """What a request says its body's SHA-256 is: in hexadecimal, or a word for one that is not signed."""
    return headers.get("x-goog-content-sha256") or headers.get("x-amz-content-sha256", "")


def signed_by_key(context: Context, email: str, signature: bytes, texts: Sequence[bytes]) -> bool:
    """Whether one of the account's RSA keys made the signature of one of the texts."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    resources, account = context.resources, account_name(email)
    known = resources.get(ACCOUNTS, account)
    if known is None or known.body.get("disabled"):
        return False
    for key in resources.list(KEYS, account)[0]:
        public = serialization.load_pem_public_key(key.body["publicKeyPem"].encode())
        if not holds(key, context.clock.seconds()) or not isinstance(public, rsa.RSAPublicKey):
            continue
        for text in texts:
            try:
                public.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                continue
            return True
    return False
