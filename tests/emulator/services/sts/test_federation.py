"""Workload identity federation: a build's token of another issuer, exchanged as google-auth does it, acts here."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.auth import identity_pool
from google.auth.exceptions import OAuthError
from google.auth.transport.requests import Request

from tests.conftest import PROJECT
from tests.support.accounts import Account, make_account
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator

GLOBAL = f"projects/{PROJECT}/locations/global"
ISSUER = "https://token.actions.example.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MAPPING = {
    "google.subject": "assertion.sub",
    "google.groups": "assertion.teams",
    "attribute.repository": "assertion.repository",
    "attribute.owner": "assertion.repository.extract('{owner}/')",
}
CLAIMS = {"sub": "repo:org/app:ref:refs/heads/main", "repository": "org/app", "teams": ["imaging"]}
Claims = dict[str, Any]


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """An issuer of OIDC tokens with a key of its own."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)

    @property
    def jwks(self) -> str:
        """Its public key, as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256"}
        parts = {"n": numbers.n, "e": numbers.e}
        sized = {name: encoded(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in parts.items()}
        return json.dumps({"keys": [{**key, **sized}]})

    def token(self, audience: str, head: Claims | None = None, **claims: Any) -> str:
        """A token with CLAIMS, signed."""
        now = int(time.time())
        body = {**CLAIMS, "iss": ISSUER, "aud": audience, "iat": now, "exp": now + 600, **claims}
        parts = ({"alg": "RS256", "kid": "k1", **(head or {})}, body)
        text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return f"{text}.{encoded(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@dataclass
class Federation:
    """A pool with a provider, and the issuer whose tokens it takes."""

    emulator: RunningEmulator
    pool: str
    provider: str
    issuer: Issuer
    folder: Path

    @property
    def number(self) -> str:
        """The pool's name with the project's number."""
        number = ask(self.emulator, "GET", f"/v1/projects/{PROJECT}")["projectNumber"]
        return self.pool.replace(f"projects/{PROJECT}/", f"projects/{number}/")

    @property
    def audience(self) -> str:
        """The provider, as audiences name it."""
        return f"//iam.googleapis.com/{self.number}/providers/{self.provider.rpartition('/')[2]}"

    def member(self, rest: str) -> str:
        """A set of the pool's identities as policies name it."""
        return f"principalSet://iam.googleapis.com/{self.number}/{rest}"

    def credentials(self, token: str, account: str = "") -> identity_pool.Credentials:
        """Credentials of google-auth by a token in a file, for an account where one is to be impersonated."""
        (self.folder / "token").write_text(token)
        info: dict[str, Any] = {
            "type": "external_account",
            "audience": self.audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.emulator.base_url}/v1/token",
            "credential_source": {"file": str(self.folder / "token")},
        }
        if account:
            path = f"v1/projects/-/serviceAccounts/{account}:generateAccessToken"
            info["service_account_impersonation_url"] = f"{self.emulator.base_url}/{path}"
        made: identity_pool.Credentials = identity_pool.Credentials.from_info(info, scopes=[SCOPE])
        return made

    def access(self, token: str = "", account: str = "") -> str:
        """The access token that credentials get."""
        made = self.credentials(token or self.issuer.token(f"https:{self.audience}"), account)
        with requests.Session() as session:
            made.refresh(Request(session))
        return str(made.token)


@pytest.fixture
def federation(emulator: RunningEmulator, unique: Callable[[str], str], tmp_path: Path) -> Federation:
    """A new pool with a provider whose keys are uploaded."""
    issuer, pool = Issuer(), f"{GLOBAL}/workloadIdentityPools/{unique('ci')}-pool"
    made = Federation(emulator, pool, f"{pool}/providers/builds", issuer, tmp_path)
    parent, _, name = pool.rpartition("/")
    operation = ask(emulator, "POST", f"/v1/{parent}?workloadIdentityPoolId={name}", {"displayName": "CI"})
    assert (operation["done"], operation["response"]["state"]) == (True, "ACTIVE")
    assert ask(emulator, "GET", f"/v1/{operation['name']}") == operation
    body = {"oidc": {"issuerUri": ISSUER, "jwksJson": issuer.jwks}, "attributeMapping": MAPPING}
    ask(emulator, "POST", f"/v1/{pool}/providers?workloadIdentityPoolProviderId=builds", body)
    return made


@pytest.fixture
def account(emulator: RunningEmulator, unique: Callable[[str], str]) -> Account:
    """An account that may read the project, and which nobody may impersonate."""
    made = make_account(emulator, unique("deployer"))
    let(emulator, made, [])
    return made


def let(emulator: RunningEmulator, account: Account, members: list[str]) -> None:
    """Let these members, and nobody else, impersonate an account."""
    bindings = [{"role": "roles/iam.workloadIdentityUser", "members": members}] if members else []
    path = f"/v1/projects/{PROJECT}/serviceAccounts/{account.email}:setIamPolicy"
    ask(emulator, "POST", path, {"policy": {"bindings": bindings}})


def test_a_build_acts_as_an_account_that_its_repository_may_impersonate(
    federation: Federation, account: Account, unique: Callable[[str], str]
) -> None:
    with pytest.raises(Exception, match=r"iam\.serviceAccounts\.getAccessToken"):
        federation.access(account=account.email)
    let(federation.emulator, account, [federation.member("attribute.repository/org/app")])
    token = federation.access(account=account.email)
    topic = f"projects/{PROJECT}/topics/{unique('deployed')}"
    ask(federation.emulator, "PUT", f"/v1/{topic}", {})
    policy = {"bindings": [{"role": "roles/pubsub.viewer", "members": [account.member]}]}
    ask(federation.emulator, "POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})
    assert federation.emulator.request("GET", f"/v1/{topic}", token=token)[0] == 200
    other = federation.issuer.token(f"https:{federation.audience}", repository="org/fork")
    with pytest.raises(Exception, match=r"iam\.serviceAccounts\.getAccessToken"):
        federation.access(other, account.email)


@pytest.mark.parametrize("rest", ["*", "group/imaging", "attribute.owner/org", "attribute.repository/org/app"])
def test_sets_of_a_pool_are_members_of_policies(federation: Federation, account: Account, rest: str) -> None:
    let(federation.emulator, account, [federation.member(rest)])
    assert federation.access(account=account.email)


def test_an_identity_may_be_granted_something_itself(federation: Federation, unique: Callable[[str], str]) -> None:
    emulator, topic = federation.emulator, f"projects/{PROJECT}/topics/{unique('builds')}"
    ask(emulator, "PUT", f"/v1/{topic}", {})
    token = federation.access()
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 403
    member = f"principal://iam.googleapis.com/{federation.number}/subject/{CLAIMS['sub']}"
    policy = {"bindings": [{"role": "roles/pubsub.viewer", "members": [member]}]}
    ask(emulator, "POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 200
    policy["bindings"][0]["members"] = ["allAuthenticatedUsers"]
    ask(emulator, "POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 403


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://other.example.com"}, "issuer"),
        ({"aud": "https://other.example.com"}, "audience"),
        ({"exp": 1_700_000_600, "iat": 1_700_000_000}, "expired"),
        ({"sub": "x" * 128}, "google.subject"),
        ({"sub": None}, "google.subject"),
        ({"head": {"alg": "none"}}, "signed"),
        ({"head": {"kid": "k2"}}, "signature"),
    ],
)
def test_a_token_that_does_not_hold_is_refused(federation: Federation, claims: Claims, said: str) -> None:
    made = federation.issuer.token(**{"audience": f"https:{federation.audience}", **claims})
    with pytest.raises(OAuthError, match=said):
        federation.access(made)


def test_another_issuers_key_does_not_count(federation: Federation) -> None:
    with pytest.raises(OAuthError, match="signature"):
        federation.access(Issuer().token(f"https:{federation.audience}"))


def test_a_condition_keeps_tokens_out(federation: Federation) -> None:
    change = {"attributeCondition": "assertion.repository == 'org/app' && attribute.owner == 'org'"}
    ask(federation.emulator, "PATCH", f"/v1/{federation.provider}?updateMask=attributeCondition", change)
    assert federation.access()
    forked = federation.issuer.token(f"https:{federation.audience}", repository="evil/app")
    with pytest.raises(OAuthError, match="rejected by the attribute condition"):
        federation.access(forked)


def test_a_pool_that_is_disabled_or_deleted_ends_its_tokens_until_it_is_back(
    federation: Federation, unique: Callable[[str], str]
) -> None:
    emulator, topic = federation.emulator, f"projects/{PROJECT}/topics/{unique('ended')}"
    ask(emulator, "PUT", f"/v1/{topic}", {})
    policy = {"bindings": [{"role": "roles/pubsub.viewer", "members": [federation.member("*")]}]}
    ask(emulator, "POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})
    token = federation.access()
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 200
    ask(emulator, "PATCH", f"/v1/{federation.pool}?updateMask=disabled", {"disabled": True})
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 401
    with pytest.raises(OAuthError, match="disabled or deleted"):
        federation.access()
    ask(emulator, "PATCH", f"/v1/{federation.pool}?updateMask=disabled", {"disabled": False})
    ask(emulator, "DELETE", f"/v1/{federation.pool}")
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 401
    assert ask(emulator, "GET", f"/v1/{federation.pool}")["state"] == "DELETED"
    parent, _, name = federation.pool.rpartition("/")
    assert emulator.request("POST", f"/v1/{parent}?workloadIdentityPoolId={name}", {})[0] == 409
    listed = ask(emulator, "GET", f"/v1/{parent}?pageSize=1000").get("workloadIdentityPools", [])
    assert federation.pool not in [each["name"] for each in listed]
    ask(emulator, "POST", f"/v1/{federation.pool}:undelete", {})
    assert emulator.request("GET", f"/v1/{topic}", token=token)[0] == 200


def test_who_may_change_a_pool_is_its_policys_affair(federation: Federation, account: Account) -> None:
    emulator, path = federation.emulator, f"/v1/{federation.pool}"
    assert emulator.request("PATCH", f"{path}?updateMask=displayName", {"displayName": "x"}, account.token)[0] == 403
    bindings = [{"role": "roles/iam.workloadIdentityPoolAdmin", "members": [account.member]}]
    ask(emulator, "POST", f"{path}:setIamPolicy", {"policy": {"bindings": bindings}})
    assert ask(emulator, "POST", f"{path}:getIamPolicy", {})["bindings"] == bindings
    wish = {"permissions": ["iam.workloadIdentityPools.update", "pubsub.topics.get"]}
    held = emulator.request("POST", f"{path}:testIamPermissions", wish, account.token)
    assert held == (200, {"permissions": wish["permissions"][:1]})
    assert emulator.request("PATCH", f"{path}?updateMask=displayName", {"displayName": "x"}, account.token)[0] == 200


@pytest.fixture
def served(federation: Federation) -> Iterator[str]:
    """The address of an issuer on this machine that publishes the keys."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = {"jwks_uri": f"{address}/keys"} if self.path.startswith("/.well-known/") else None
            body = json.dumps(found).encode() if found else federation.issuer.jwks.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_are_fetched_from_an_issuer_on_this_machine_and_from_no_other(federation: Federation, served: str) -> None:
    path = f"/v1/{federation.provider}?updateMask=oidc"
    ask(federation.emulator, "PATCH", path, {"oidc": {"issuerUri": served}})
    assert federation.access(federation.issuer.token(f"https:{federation.audience}", iss=served))
    ask(federation.emulator, "PATCH", path, {"oidc": {"issuerUri": ISSUER}})
    with pytest.raises(OAuthError, match="not on this machine"):
        federation.access()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"attributeMapping": {}}, 400),
        ({"attributeMapping": {"google.subject": "assertion.sub("}}, 400),
        ({"attributeMapping": {"google.subject": "assertion.sub", "subject": "assertion.sub"}}, 400),
        ({"attributeCondition": "assertion.sub =="}, 400),
        ({"oidc": {"issuerUri": "http://example.com"}}, 400),
        ({"oidc": {"issuerUri": ISSUER, "jwksJson": "{}"}}, 400),
        ({"oidc": None, "aws": {"accountId": "1"}}, 501),
    ],
)
def test_a_provider_that_can_not_work_is_refused(federation: Federation, fields: Claims, code: int) -> None:
    body = {"oidc": {"issuerUri": ISSUER}, "attributeMapping": {"google.subject": "assertion.sub"}, **fields}
    path = f"/v1/{federation.pool}/providers?workloadIdentityPoolProviderId=other"
    assert federation.emulator.request("POST", path, body)[0] == code


def test_an_exchange_says_what_is_wrong_in_oauths_words(emulator: RunningEmulator) -> None:
    assert emulator.request("POST", "/v1/token", {"grantType": "password"}, token="")[1]["error"] == (
        "unsupported_grant_type"
    )
