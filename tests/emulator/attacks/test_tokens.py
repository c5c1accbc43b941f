"""Forged tokens on REST and on gRPC; what of a signed JWT must hold, claim by claim: access/test_assertions.py."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import grpc
import httpx
import pytest
from google.pubsub_v1.types import GetTopicRequest

from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

FORGERIES = (
    *("no signature", "none in other letters", "signed with the public key", "a key of another place", "no such key"),
    *("another secret", "the owner's name", "the beginning of the owner's", "changed afterwards"),
)


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_key(emulator: RunningEmulator) -> str:
    """The certificate of the key file's key, which everybody may read."""
    email = json.loads(emulator.credentials_file.read_text())["client_email"]
    status, answer = emulator.request("GET", f"/robot/v1/metadata/x509/{email}", token="")
    assert status == 200, answer
    return str(next(iter(answer.values())))


def forge(emulator: RunningEmulator, how: str) -> str:
    """A token as somebody makes it who knows all that is public."""
    file = json.loads(emulator.credentials_file.read_text())
    now = int(time.time())
    claims = {"iss": file["client_email"], "sub": file["client_email"], "iat": now, "exp": now + 600}
    claims["aud"] = "https://pubsub.googleapis.com/"
    owner = f"user:owner@{emulator.project}.example"

    def jwt(signature: bytes = b"", **head: str) -> str:
        header = {"alg": "RS256", "typ": "JWT", "kid": file["private_key_id"], **head}
        return f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}"

    if how == "signed with the public key":
        signed = jwt(alg="HS256").rpartition(".")[0]
        digest = hmac.digest(public_key(emulator).encode(), signed.encode(), hashlib.sha256)
        return f"{signed}.{encoded(digest)}"
    if how in ("another secret", "the owner's name"):
        said = {"sub": file["client_email"] if how == "another secret" else owner, "uid": "1", "exp": now + 600}
        digest = hmac.digest(b"secret", encoded(said).encode(), hashlib.sha256)
        return f"emu.{encoded(said)}.{encoded(digest)}"
    return {
        "no signature": jwt(alg="none"),
        "none in other letters": jwt(alg="nOnE"),
        "a key of another place": jwt(b"x" * 256, kid="../../../owner-token"),
        "no such key": jwt(b"x" * 256, kid="0" * 40),
        "the beginning of the owner's": emulator.owner_token[:-1],
        "changed afterwards": emulator.owner_token + "A",
    }[how]


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_token_is_nobodys(emulator: RunningEmulator, how: str) -> None:
    token, topic = forge(emulator, how), f"projects/{emulator.project}/topics/none"
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 401
    assert httpx.get(f"{emulator.base_url}/v1/{topic}?access_token={token}", timeout=PATIENCE).status_code == 401
    with grpc.insecure_channel(emulator.grpc_address) as channel:
        get = channel.unary_unary("/google.pubsub.v1.Publisher/GetTopic")
        with pytest.raises(grpc.RpcError) as caught:
            get(
                GetTopicRequest.serialize(GetTopicRequest(topic=topic)),
                metadata=[("authorization", f"Bearer {token}")],
                timeout=PATIENCE,
                wait_for_ready=True,
            )
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_a_token_ends_with_its_hour(start_emulator: Any) -> None:
    running = start_emulator()
    email = json.loads(running.credentials_file.read_text())["client_email"]
    path = f"/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    binding = {"role": "roles/iam.serviceAccountTokenCreator", "members": ["allAuthenticatedUsers"]}
    policy = {"policy": {"bindings": [binding]}}
    account = f"projects/{running.project}/serviceAccounts/{email}"
    assert running.request("POST", f"/v1/{account}:setIamPolicy", policy)[0] == 200
    token = running.request("POST", path, {"scope": ["https://www.googleapis.com/auth/cloud-platform"]})[1]
    project = f"/v1/projects/{running.project}"
    assert running.request("GET", project, token=token["accessToken"])[0] == 200
    assert running.request("POST", "/_emulator/clock", {"seconds": 3601})[0] == 200
    assert running.request("GET", project, token=token["accessToken"])[0] == 401
