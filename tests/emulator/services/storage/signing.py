"""Signs requests with HMAC keys: the steps of the documentation, written apart from the emulator's.

https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

import httpx

_WORDS = {
    "AWS4-HMAC-SHA256": ("AWS4", "aws4_request", "x-amz-"),
    "GOOG4-HMAC-SHA256": ("GOOG4", "goog4_request", "x-goog-"),
}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _signature(algorithm: str, secret: str, date: str, canonical: str) -> str:
    prefix, terminator, _ = _WORDS[algorithm]
    scope = f"{date[:8]}/auto/storage/{terminator}"
    return _signed(
        prefix + secret,
        date,
        terminator,
        f"{algorithm}\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}",
    )


def _signed(secret: str, date: str, terminator: str, text: str) -> str:
    key = secret.encode()
    for part in (date[:8], "auto", "storage", terminator, text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def policy_fields(access_id: str, secret: str, policy: str) -> dict[str, str]:
    """The fields of a form with a policy (in base64) that an HMAC key signs."""
    date = _now()
    return {
        "policy": policy,
        "x-goog-algorithm": "GOOG4-HMAC-SHA256",
        "x-goog-credential": f"{access_id}/{date[:8]}/auto/storage/goog4_request",
        "x-goog-date": date,
        "x-goog-signature": _signed("GOOG4" + secret, date, "goog4_request", policy),
    }


def signed_headers(
    method: str,
    url: str,
    algorithm: str,
    access_id: str,
    secret: str,
    date: str = "",
    body: bytes = b"",
    payload: str = "",
) -> httpx.Request:
    """A request whose Authorization header has the signature."""
    date = date or _now()
    _, terminator, prefix = _WORDS[algorithm]
    payload = payload or hashlib.sha256(body).hexdigest()
    headers = {"host": urlsplit(url).netloc, prefix + "content-sha256": payload, prefix + "date": date}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"{method}\n{urlsplit(url).path}\n\n{lines}\n{names}\n{payload}"
    signature = _signature(algorithm, secret, date, canonical)
    credential = f"{access_id}/{date[:8]}/auto/storage/{terminator}"
    headers["authorization"] = f"{algorithm} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return httpx.Request(method, url, headers=headers, content=body)


def signed_query(method: str, url: str, algorithm: str, access_id: str, secret: str, date: str = "") -> httpx.Request:
    """A request whose address has the signature."""
    date = date or _now()
    _, terminator, prefix = _WORDS[algorithm]
    prefix = prefix.title()
    query = {
        f"{prefix}Algorithm": algorithm,
        f"{prefix}Credential": f"{access_id}/{date[:8]}/auto/storage/{terminator}",
        f"{prefix}Date": date,
        f"{prefix}Expires": "60",
        f"{prefix}SignedHeaders": "host",
    }
    written = urlencode(sorted(query.items()), quote_via=quote, safe="")
    parts = urlsplit(url)
    canonical = f"{method}\n{parts.path}\n{written}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    signature = _signature(algorithm, secret, date, canonical)
    return httpx.Request(method, f"{url}?{written}&{prefix}Signature={signature}")
