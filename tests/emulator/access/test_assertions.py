"""JWTs that a service account signs: what holds, and what is a 401 (or an OAuth error) and never a 500."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from google.auth import jwt
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Sign = Callable[..., str]
ENDPOINT = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def sign(emulator: RunningEmulator) -> Sign:
    """Signs the claims of a JWT that holds, changed as the test says; `...` leaves a claim out."""
    file = json.loads(emulator.credentials_file.read_text())
    key = serialization.load_pem_private_key(file["private_key"].encode(), password=None)
    assert isinstance(key, RSAPrivateKey)

    def make(header: dict[str, Any] | None = None, raw: bytes | None = None, **changes: Any) -> str:
        now = int(time.time())
        email = file["client_email"]
        claims = {"iss": email, "sub": email, "aud": "https://cloudresourcemanager.googleapis.com/"}
        claims |= {"iat": now, "exp": now + 3600} | changes
        head = {"alg": "RS256", "typ": "JWT", "kid": file["private_key_id"]} | (header or {})
        payload = raw if raw is not None else {k: v for k, v in claims.items() if v is not ...}
        signed = f"{part({k: v for k, v in head.items() if v is not ...})}.{part(payload)}"
        return f"{signed}.{part(key.sign(signed.encode(), PKCS1v15(), hashes.SHA256()))}"

    return make


def status(emulator: RunningEmulator, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(
        f"{emulator.base_url}/v1/projects/{emulator.project}", headers=headers, timeout=PATIENCE
    ).status_code


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": "https://storage.googleapis.com/"},
        {"aud": "http://localhost:9090/google.pubsub.v1.Publisher"},
        {"aud": ..., "scope": "https://www.googleapis.com/auth/cloud-platform"},
    ],
)
def test_what_google_s_clients_sign_holds(emulator: RunningEmulator, sign: Sign, changes: dict[str, Any]) -> None:
    """AIP-4111: an audience of an API, or scopes instead."""
    assert status(emulator, sign(**changes)) == 200


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://evil.example/"},
        {"aud": "https://googleapis.com.evil.example/"},
        {"aud": ENDPOINT},
        {"aud": ["https://storage.googleapis.com/"]},
        {"aud": 7},
        {"aud": "http://["},
        {"aud": ...},
        {"aud": ..., "scope": " "},
        {"sub": "somebody@example.com"},
        {"sub": ...},
        {"iss": ...},
        {"iss": 7},
        {"iss": "nobody@nowhere"},
        {"exp": NOW + 3 * 3600},
        {"iat": NOW - 7200, "exp": NOW + 600},
        {"iat": NOW - 7200, "exp": NOW - 3600},
        {"iat": NOW + 1800, "exp": NOW + 2400},
        {"iat": NOW, "exp": NOW - 10},
        {"exp": ...},
        {"iat": ...},
        {"exp": str(NOW + 600)},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"exp": [NOW + 600]},
        {"exp": True},
        {"iat": None},
        {"nbf": NOW + 1800},
        {"nbf": "soon"},
        {"header": {"crit": ["exp"]}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"kid": "0" * 40}},
        {"header": {"kid": ...}},
        {"header": {"kid": 7}},
        {"raw": b"[]"},
        {"raw": b"{"},
        {"raw": b"\xff"},
    ],
)
def test_what_does_not_hold_is_a_401(emulator: RunningEmulator, sign: Sign, changes: dict[str, Any]) -> None:
    assert status(emulator, sign(**changes)) == 401


@pytest.mark.parametrize("token", ["a.b.c", "..", "é.é.é", "eyJ.eyJ.x", "." * 50])
def test_what_is_no_token_is_a_401(emulator: RunningEmulator, token: str) -> None:
    headers = {b"authorization": b"Bearer " + token.encode()}
    url = f"{emulator.base_url}/v1/projects/{emulator.project}"
    assert httpx.get(url, headers=headers, timeout=PATIENCE).status_code == 401


def test_a_changed_token_is_a_401(emulator: RunningEmulator, sign: Sign) -> None:
    head, payload, signature = sign().split(".")
    changed = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed["exp"] += 1
    assert status(emulator, f"{head}.{part(changed)}.{signature}") == 401


def exchange(emulator: RunningEmulator, assertion: str) -> tuple[int, str]:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = httpx.post(f"{emulator.base_url}/token", data=form, timeout=PATIENCE)
    return answer.status_code, answer.json().get("error", "")


@pytest.mark.parametrize(
    "audience",
    [
        ENDPOINT,
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v4/token",
        "http://127.0.0.1:1/token",
    ],
)
def test_an_assertion_is_exchanged_for_the_token_endpoint_s_audiences(
    emulator: RunningEmulator, sign: Sign, audience: str
) -> None:
    assert exchange(emulator, sign(aud=audience, sub=..., scope=SCOPE)) == (200, "")


@pytest.mark.parametrize("path", ["/token", "/o/oauth2/token", "/oauth2/v3/token", "/oauth2/v4/token"])
def test_older_clients_find_the_token_endpoint(emulator: RunningEmulator, sign: Sign, path: str) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": sign(aud=ENDPOINT, scope=SCOPE)}
    assert httpx.post(emulator.base_url + path, data=form, timeout=PATIENCE).json()["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": "https://storage.googleapis.com/"}, "invalid_grant"),
        ({"aud": "https://evil.example/token"}, "invalid_grant"),
        ({"aud": ...}, "invalid_grant"),
        ({"aud": ENDPOINT, "sub": "somebody@example.com"}, "unauthorized_client"),
        ({"aud": ENDPOINT, "exp": NOW + 3 * 3600}, "invalid_grant"),
        ({"aud": ENDPOINT, "exp": "soon"}, "invalid_grant"),
        ({"aud": ENDPOINT}, "invalid_scope"),
        ({"aud": ENDPOINT, "scope": " "}, "invalid_scope"),
        ({"aud": ENDPOINT, "scope": [SCOPE]}, "invalid_scope"),
        ({"aud": ENDPOINT, "exp": float("nan")}, "invalid_grant"),
        ({"aud": ENDPOINT, "header": {"alg": "none"}}, "invalid_grant"),
    ],
)
def test_what_does_not_hold_is_an_error_of_oauth(
    emulator: RunningEmulator, sign: Sign, changes: dict[str, Any], error: str
) -> None:
    """RFC 6749 5.2: status 400, and the error's name."""
    assert exchange(emulator, sign(**changes)) == (400, error)


def test_a_key_gets_id_tokens_from_the_token_endpoint(emulator: RunningEmulator) -> None:
    file = json.loads(emulator.credentials_file.read_text())
    audience = "https://service.example"
    credentials = service_account.IDTokenCredentials.from_service_account_info(file, target_audience=audience)
    with requests.Session() as session:
        credentials.refresh(Request(session))
    certificates = httpx.get(f"{emulator.base_url}/oauth2/v1/certs", timeout=PATIENCE).json()
    claims = jwt.decode(credentials.token, certs=certificates, audience=audience)
    assert (claims["email"], claims["iss"]) == (file["client_email"], emulator.base_url)
