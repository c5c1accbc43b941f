"""Who is asking: tokens, exchanges, self-signed JWTs, and what is refused."""

import json
import time
from typing import Any

import httpx
import pytest
from google.auth import crypt, jwt
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def project(emulator: RunningEmulator, token: str) -> httpx.Response:
    return httpx.get(
        f"{emulator.base_url}/v1/projects/{emulator.project}",
        headers={"authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )


def key(emulator: RunningEmulator) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(emulator.credentials_file.read_text())
    return value


def test_the_owners_token_and_none_and_a_wrong_one(emulator: RunningEmulator) -> None:
    assert project(emulator, emulator.owner_token).status_code == 200
    wrong = project(emulator, "ya29.wrong")
    assert (wrong.status_code, wrong.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    none = httpx.get(f"{emulator.base_url}/v1/projects/{emulator.project}", timeout=PATIENCE)
    assert none.status_code == 401
    assert "python -m emulator env" in none.json()["error"]["message"]


def test_google_auth_exchanges_the_key_file_for_a_token(emulator: RunningEmulator) -> None:
    file = str(emulator.credentials_file)
    credentials = service_account.Credentials.from_service_account_file(file, scopes=[SCOPE])
    credentials.refresh(Request())
    assert project(emulator, credentials.token).status_code == 200


def test_a_self_signed_jwt_is_accepted(emulator: RunningEmulator) -> None:
    file = str(emulator.credentials_file)
    credentials = service_account.Credentials.from_service_account_file(
        file, scopes=[SCOPE], always_use_jwt_access=True
    )
    credentials._create_self_signed_jwt(None)
    credentials.refresh(Request())
    assert project(emulator, credentials.token).status_code == 200


@pytest.mark.parametrize(
    ("change", "of_key"),
    [({"exp": 1}, {}), ({"iss": "nobody@unit.iam.gserviceaccount.com"}, {}), ({}, {"private_key_id": "0" * 40})],
)
def test_an_assertion_that_does_not_hold_is_refused(
    emulator: RunningEmulator, change: dict[str, Any], of_key: dict[str, Any]
) -> None:
    file = {**key(emulator), **of_key}
    signer = crypt.RSASigner.from_service_account_info(file)
    now = int(time.time())
    claims = {"iss": file["client_email"], "aud": file["token_uri"], "iat": now, "exp": now + 600, "scope": SCOPE}
    claims |= change
    if claims["exp"] == 1:
        claims["iat"] = 0
    assertion = jwt.encode(signer, claims).decode()
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = httpx.post(f"{emulator.base_url}/token", data=form, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_tokens_outlive_a_restart_and_a_reset_keeps_the_key(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    credentials = service_account.Credentials.from_service_account_file(str(running.credentials_file), scopes=[SCOPE])
    credentials.refresh(Request())
    running.kill()
    running.start()
    assert project(running, credentials.token).status_code == 200
    assert project(running, running.owner_token).status_code == 200


def test_a_page_of_another_origin_is_nobody(emulator: RunningEmulator) -> None:
    """Storage takes a missing credential for the key file's account, but not from a web page elsewhere."""
    url = f"{emulator.base_url}/storage/v1/b?project={emulator.project}"
    assert httpx.get(url, timeout=PATIENCE).status_code == 200
    answer = httpx.get(url, headers={"origin": "https://elsewhere.example"}, timeout=PATIENCE)
    assert answer.status_code == 401
    assert "access-control-allow-origin" not in answer.headers


def test_anonymous_deny_demands_credentials(start_emulator: StartEmulator) -> None:
    running = start_emulator("--anonymous", "deny")
    assert httpx.get(f"{running.base_url}/storage/v1/b?project={running.project}", timeout=PATIENCE).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "null"}],
)
def test_what_a_browser_sends_for_a_page_is_not_trusted(emulator: RunningEmulator, headers: dict[str, str]) -> None:
    """No-cors requests and names that lead here (DNS rebinding) come without Origin."""
    url = f"{emulator.base_url}/storage/v1/b?project={emulator.project}"
    assert httpx.get(url, headers=headers, timeout=PATIENCE).status_code == 401
    assert httpx.get(url, headers={"host": f"localhost:{emulator.port}"}, timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize("token", ["emu.x", "emu.a.b", "emu.a.b.c", "emu.é.x".encode(), "a.b.c", ".."])
def test_a_malformed_token_is_a_401(emulator: RunningEmulator, token: str | bytes) -> None:
    value = b"Bearer " + (token if isinstance(token, bytes) else token.encode())
    answer = httpx.get(
        f"{emulator.base_url}/v1/projects/{emulator.project}", headers={b"authorization": value}, timeout=PATIENCE
    )
    assert answer.status_code == 401
