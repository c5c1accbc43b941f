"""Impersonation: chains of accounts, ID tokens, signatures and what they are good for, with Google's auth library."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests
from google.auth import iam, impersonated_credentials, jwt
from google.auth.crypt import verify_signature
from google.cloud import storage
from google.oauth2.credentials import Credentials

from tests.emulator.services.clients import client_as, refused
from tests.emulator.services.iam.conftest import Account, Names, key_file
from tests.emulator.services.iam.test_keys import SCOPE, exchanged_token
from tests.emulator.services.iam.test_policies import CREATOR, grant
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

DEVSTORAGE = "https://www.googleapis.com/auth/devstorage.read_only"


def new_account(accounts: Any, emulator: RunningEmulator, name: str) -> Account:
    made = accounts.create(name=f"projects/{emulator.project}", body={"accountId": name}).execute()
    return Account(made["name"], made["email"], made["uniqueId"])


@pytest.fixture
def caller(accounts: Any, emulator: RunningEmulator, account: Account, unique: Names) -> Account:
    """An account that may create tokens of `account`."""
    made = new_account(accounts, emulator, unique("caller"))
    grant(accounts, account, CREATOR, made.member)
    return made


@pytest.fixture
def as_caller(accounts: Any, emulator: RunningEmulator, caller: Account) -> Iterator[Any]:
    """projects.serviceAccounts of IAM Credentials, as the caller."""
    token = exchanged_token(key_file(accounts, caller))
    with client_as(emulator, token, "iamcredentials", "v1") as client:
        yield client.projects().serviceAccounts()


def named(account: Account) -> str:
    return f"projects/-/serviceAccounts/{account.email}"


def certificates(emulator: RunningEmulator, email: str) -> Any:
    return httpx.get(f"{emulator.base_url}/robot/v1/metadata/x509/{email}", timeout=PATIENCE).json()


def test_each_link_of_a_chain_needs_its_grant(
    accounts: Any, emulator: RunningEmulator, account: Account, as_caller: Any, unique: Names
) -> None:
    """IAM Credentials: "Each service account must be granted ... on its next service account in the chain"."""
    target = new_account(accounts, emulator, unique("target"))
    body = {"scope": [SCOPE], "delegates": [f"projects/-/serviceAccounts/{account.unique_id}"]}
    through = as_caller.generateAccessToken(name=named(target), body=body)
    code, said = refused(through)
    assert (code, "iam.serviceAccounts.getAccessToken" in said, target.email in said) == (403, True, True)
    grant(accounts, target, CREATOR, account.member)
    assert through.execute()["accessToken"]
    assert refused(as_caller.generateAccessToken(name=named(target), body={"scope": [SCOPE]}))[0] == 403
    accounts.disable(name=account.name, body={}).execute()
    code, said = refused(through)
    assert (code, "disabled" in said) == (400, True)
    accounts.enable(name=account.name, body={}).execute()
    accounts.setIamPolicy(resource=account.name, body={"policy": {"bindings": []}}).execute()
    code, said = refused(through)
    assert (code, "iam.serviceAccounts.implicitDelegation" in said) == (403, True)


def test_a_delegate_is_named_with_a_hyphen_for_its_project(account: Account, as_caller: Any) -> None:
    body = {"scope": [SCOPE], "delegates": [account.name]}
    assert refused(as_caller.generateAccessToken(name=named(account), body=body))[0] == 400


@pytest.mark.parametrize("with_email", [True, False])
def test_an_id_token_names_the_account_for_an_audience(
    emulator: RunningEmulator, account: Account, as_caller: Any, with_email: bool
) -> None:
    body = {"audience": "https://service.example", "includeEmail": with_email}
    token = as_caller.generateIdToken(name=named(account), body=body).execute()["token"]
    published = httpx.get(f"{emulator.base_url}/oauth2/v1/certs", timeout=PATIENCE).json()
    claims = jwt.decode(token, certs=published, audience="https://service.example")
    assert (claims["sub"], claims["azp"]) == (account.unique_id, account.unique_id)
    assert claims.get("email") == (account.email if with_email else None)
    assert refused(as_caller.generateIdToken(name=named(account), body={}))[0] == 400


def test_a_signature_is_that_of_a_published_key(
    accounts: Any, emulator: RunningEmulator, account: Account, as_caller: Any
) -> None:
    payload = b"what is signed"
    body = {"payload": base64.b64encode(payload).decode()}
    first = as_caller.signBlob(name=named(account), body=body).execute()
    assert as_caller.signBlob(name=named(account), body=body).execute() == first  # one key, PKCS #1 v1.5
    certificate = certificates(emulator, account.email)[first["keyId"]]
    assert verify_signature(payload, base64.b64decode(first["signedBlob"]), certificate)
    kept = accounts.keys().list(name=account.name, keyTypes="SYSTEM_MANAGED").execute()["keys"]
    assert [key["name"].rsplit("/", 1)[-1] for key in kept] == [first["keyId"]]
    assert "privateKey" not in json.dumps(kept)
    assert accounts.keys().list(name=account.name, keyTypes="USER_MANAGED").execute() == {}
    assert refused(accounts.keys().delete(name=kept[0]["name"]))[0] == 400
    assert refused(accounts.keys().disable(name=kept[0]["name"], body={}))[0] == 400


def test_a_signed_jwt_is_good_for_an_access_token(emulator: RunningEmulator, account: Account, as_caller: Any) -> None:
    now = int(time.time())
    claims = {
        "iss": account.email,
        "aud": "https://oauth2.googleapis.com/token",
        "scope": SCOPE,
        "iat": now,
        "exp": now + 600,
    }
    signed = as_caller.signJwt(name=named(account), body={"payload": json.dumps(claims)}).execute()["signedJwt"]
    assert jwt.decode(signed, certs=certificates(emulator, account.email), audience=claims["aud"]) == claims
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
    answer = httpx.post(f"{emulator.base_url}/token", data=form, timeout=PATIENCE).json()
    assert emulator.request("GET", f"/v1/{account.name}", token=answer["access_token"])[0] == 403  # known, not granted


def test_a_jwt_ends_in_an_hour_or_at_most_in_twelve(account: Account, as_caller: Any) -> None:
    """IAM Credentials, SignJwtRequest.payload."""
    now = int(time.time())

    def signing(payload: str) -> Any:
        return as_caller.signJwt(name=named(account), body={"payload": payload})

    unended = jwt.decode(signing('{"sub": "somebody"}').execute()["signedJwt"], verify=False)
    assert now + 3600 <= unended["exp"] <= int(time.time()) + 3600
    for wrong in (now - 60, now + 13 * 3600, "soon", 1.5):
        assert refused(signing(json.dumps({"exp": wrong})))[0] == 400
    for wrong in ("", "[]", "no JSON"):
        assert refused(signing(wrong))[0] == 400


@pytest.mark.parametrize(
    ("method", "right", "body"),
    [
        ("generateIdToken", "getOpenIdToken", {"audience": "a"}),
        ("signBlob", "signBlob", {"payload": "YQ=="}),
        ("signJwt", "signJwt", {"payload": "{}"}),
    ],
)
def test_who_may_not_is_told_what_he_lacks(
    accounts: Any, emulator: RunningEmulator, as_caller: Any, unique: Names, method: str, right: str, body: Any
) -> None:
    other = new_account(accounts, emulator, unique("other"))
    code, said = refused(getattr(as_caller, method)(name=named(other), body=body))
    assert (code, f"iam.serviceAccounts.{right}" in said) == (403, True)


@pytest.fixture
def impersonating(
    emulator: RunningEmulator, accounts: Any, account: Account, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., impersonated_credentials.Credentials]:
    """Credentials of google-auth that act as the account, by the owner's right; its endpoints led here."""
    grant(accounts, account, CREATOR, f"user:owner@{emulator.project}.example")
    path = f"{emulator.base_url}/v1/projects/-/serviceAccounts/{{}}"
    monkeypatch.setattr(iam, "_IAM_SIGN_ENDPOINT", f"{path}:signBlob")
    monkeypatch.setattr(iam, "_IAM_ENDPOINT", f"{path}:generateAccessToken")

    def credentials(*scopes: str) -> impersonated_credentials.Credentials:
        return impersonated_credentials.Credentials(
            source_credentials=Credentials(token=emulator.owner_token),
            target_principal=account.email,
            target_scopes=list(scopes),
            iam_endpoint_override=f"{path.format(account.email)}:generateAccessToken",
        )

    return credentials


def test_a_url_signed_by_impersonation_gives_what_the_account_may_read(
    emulator: RunningEmulator,
    account: Account,
    storage_client: storage.Client,
    impersonating: Callable[..., impersonated_credentials.Credentials],
    unique: Names,
) -> None:
    bucket = storage_client.create_bucket(unique("signed-by-impersonation"))
    blob = bucket.blob("scan.dcm")
    blob.upload_from_string(b"pixels")
    url = blob.generate_signed_url(
        version="v4",
        expiration=600,
        credentials=impersonating(SCOPE),
        api_access_endpoint=emulator.base_url,
    )
    assert account.email.replace("@", "%40") in url
    assert requests.get(url, timeout=PATIENCE).status_code == 403
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {account.member}})
    bucket.set_iam_policy(policy)
    assert requests.get(url, timeout=PATIENCE).content == b"pixels"
    assert requests.get(url.replace("scan.dcm", "other.dcm"), timeout=PATIENCE).status_code == 403


def test_a_token_does_what_its_scopes_cover(
    accounts: Any, emulator: RunningEmulator, account: Account, as_caller: Any
) -> None:
    """OAuth 2.0 scopes of each method: the discovery documents."""
    grant(accounts, account, "roles/iam.serviceAccountViewer", account.member)
    body = {"scope": [DEVSTORAGE]}
    narrow = as_caller.generateAccessToken(name=named(account), body=body).execute()["accessToken"]
    code, answer = emulator.request("GET", f"/v1/{account.name}", token=narrow)
    assert (code, answer["error"]["message"]) == (403, "Request had insufficient authentication scopes.")
    assert answer["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    listing = emulator.request("GET", f"/storage/v1/b?project={emulator.project}", token=narrow)
    assert (listing[0], "storage.buckets.list" in listing[1]["error"]["message"]) == (403, True)
    wide = as_caller.generateAccessToken(name=named(account), body={"scope": [SCOPE]}).execute()["accessToken"]
    assert emulator.request("GET", f"/v1/{account.name}", token=wide)[0] == 200


def test_a_token_ends_by_the_emulator_s_clock_and_lives_over_a_restart(
    start_emulator: Callable[..., RunningEmulator],
) -> None:
    running = start_emulator()
    parent = f"/v1/projects/{running.project}/serviceAccounts"
    email = running.request("POST", parent, {"accountId": "short-lived"})[1]["email"]
    policy = {"bindings": [{"role": CREATOR, "members": [f"user:owner@{running.project}.example"]}]}
    assert running.request("POST", f"{parent}/{email}:setIamPolicy", {"policy": policy})[0] == 200
    asked = {"scope": [SCOPE], "lifetime": "600s"}
    token = running.request("POST", f"{parent}/{email}:generateAccessToken", asked)[1]["accessToken"]
    signed = running.request("POST", f"{parent}/{email}:signBlob", {"payload": "YQ=="})[1]
    running.kill()
    running.start()
    assert running.request("GET", f"{parent}/{email}", token=token)[0] == 403  # known, not granted
    assert running.request("POST", f"{parent}/{email}:signBlob", {"payload": "YQ=="})[1] == signed
    running.request("POST", "/_emulator/clock", {"seconds": 601})
    assert running.request("GET", f"{parent}/{email}", token=token)[0] == 401
