"""V2 signatures in URLs, which Google's client for Python still makes unless it is told otherwise.

https://cloud.google.com/storage/docs/access-control/signed-urls-v2. An RSA key of a service account signs, or an HMAC
key.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from emulator.services.storage import hmac_keys
from emulator.services.storage.xml import signatures

if TYPE_CHECKING:
    from emulator.gateway.request import Request

_OWN = frozenset(("googleaccessid", "awsaccesskeyid", "expires", "signature"))
_SUBRESOURCES = frozenset(
    (
        *(
            "acl",
            "billing",
            "compose",
            "cors",
            "encryption",
            "lifecycle",
            "location",
            "logging",
            "partnumber",
            "policy",
        ),
        *("storageclass", "tagging", "upload_id", "uploadid", "uploads", "versioning", "versions", "website"),
    )
)
"""What makes another thing of a path: without them in the signature it would hold for more than was signed."""
_NEVER_SIGNED = ("response-content-", "generation", "userproject")
_NOT_CANONICAL = frozenset(("x-goog-encryption-key", "x-goog-encryption-key-sha256"))


def signer(request: Request) -> str:
    """The principal whose key signed the URL, "" where none did.

    Raises 400 for a signature that is malformed or expired, 403 for one that does not hold.
    """
    query = {name.lower(): value for name, value in request.raw_query}
    who = query.get("googleaccessid") or query.get("awsaccesskeyid", "")
    if not who or "signature" not in query:
        return ""
    expires = query.get("expires", "")
    try:
        signature = base64.b64decode(query["signature"], validate=True)
    except binascii.Error:
        raise signatures.malformed("The Signature of the URL is not base64.") from None
    if not expires.isdecimal() or len(expires) > 12:
        raise signatures.malformed("Expires must be a number of seconds since 1970.")
    if int(expires) < request.context.clock.seconds():
        raise signatures.expired()
    texts = _texts(request, expires)
    if "@" in who:
        email = who if signatures.signed_by_key(request.context, who, signature, texts) else ""
    else:
        found = hmac_keys.secret_of(request.context, who)
        email, secret = found if found is not None else ("", "")
        made = [hmac.digest(secret.encode(), text, "sha1") for text in texts]
        email = email if any(hmac.compare_digest(each, signature) for each in made) else ""
    if not email:
        raise signatures.does_not_match()
    return f"serviceAccount:{email}"


def _texts(request: Request, expires: str) -> list[bytes]:
    """What may have been signed: a HEAD is routed as GET; parameters are signed where they name a subresource."""
    headers = request.headers
    methods = ("GET", "HEAD") if request.method.http == "GET" else (request.method.http,)
    extensions = sorted(
        f"{name}:{' '.join(value.split())}\n"
        for name, value in headers.items()
        if name.startswith(("x-goog-", "x-amz-")) and name not in _NOT_CANONICAL
    )
    rest = sorted(
        (name.lower(), value)
        for name, value in request.raw_query
        if name.lower() not in _OWN and not name.lower().startswith(_NEVER_SIGNED)
    )
    resources = [f"{request.raw_path}?{urlencode(rest)}"] if rest else []
    if not any(name in _SUBRESOURCES for name, _ in rest):
        resources.append(request.raw_path)
    fixed = f"{headers.get('content-md5', '')}\n{headers.get('content-type', '')}\n{expires}\n{''.join(extensions)}"
    return [f"{method}\n{fixed}{resource}".encode() for method in methods for resource in resources]
