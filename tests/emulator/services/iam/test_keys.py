"""Keys: Google's auth library signs with them, the emulator believes them, until they or their account are gone."""

import base64
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account

from tests.emulator.services.clients import refused, token_of
from tests.emulator.services.iam.conftest import Account, key_file
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def exchanged_token(file: dict[str, Any]) -> str:
    """An access token for the key, from the token endpoint that the key file names."""
    credentials = service_account.Credentials.from_service_account_info(file, scopes=[SCOPE])
    return token_of(credentials)


def self_signed_token(file: dict[str, Any]) -> str:
    """A JWT that the key signs for a service, without asking anybody."""
    credentials = service_account.Credentials.from_service_account_info(
        file, scopes=[SCOPE], always_use_jwt_access=True
    )
    credentials._create_self_signed_jwt("https://iam.googleapis.com/")
    return token_of(credentials)


def reach(emulator: RunningEmulator, account: Account, token: str) -> tuple[int, str]:
    """What the emulator answers the account that asks for itself: 403 if it is known, 401 if not."""
    url = f"{emulator.base_url}/v1/{account.name}"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)
    return answer.status_code, str(answer.json()["error"]["message"])


@pytest.mark.parametrize("sign_in", [exchanged_token, self_signed_token])
def test_a_new_key_authenticates_and_grants_nothing(
    accounts: Any, emulator: RunningEmulator, account: Account, sign_in: Callable[[dict[str, Any]], str]
) -> None:
    file = key_file(accounts, account)
    assert (file["type"], file["client_email"]) == ("service_account", account.email)
    assert file["token_uri"] == f"{emulator.base_url}/token"
    code, message = reach(emulator, account, sign_in(file))
    assert code == 403
    assert "iam.serviceAccounts.get" in message


def test_a_key_shows_no_private_part_again(accounts: Any, account: Account) -> None:
    made = accounts.keys().create(name=account.name, body={}).execute()
    shown = accounts.keys().get(name=made["name"], publicKeyType="TYPE_RAW_PUBLIC_KEY").execute()
    assert "privateKeyData" not in shown
    assert base64.b64decode(shown["publicKeyData"]).startswith(b"-----BEGIN PUBLIC KEY-----")
    assert [key["name"] for key in accounts.keys().list(name=account.name).execute()["keys"]] == [made["name"]]
    assert accounts.keys().list(name=account.name, keyTypes="SYSTEM_MANAGED").execute() == {}


def test_a_key_shows_its_certificate(accounts: Any, account: Account) -> None:
    """As the gcp provider reads every key: self-signed, of the same key pair, for the account's unique id."""
    made = accounts.keys().create(name=account.name, body={}).execute()
    file = json.loads(base64.b64decode(made["privateKeyData"]))
    shown = accounts.keys().get(name=made["name"], publicKeyType="TYPE_X509_PEM_FILE").execute()
    certificate = x509.load_pem_x509_certificate(base64.b64decode(shown["publicKeyData"]))
    private = serialization.load_pem_private_key(file["private_key"].encode(), password=None)
    assert certificate.public_key() == private.public_key()
    certificate.verify_directly_issued_by(certificate)
    unique = accounts.get(name=account.name).execute()["uniqueId"]
    assert [each.value for each in certificate.subject] == [unique]


def test_a_deleted_key_is_refused_at_once(accounts: Any, emulator: RunningEmulator, account: Account) -> None:
    file = key_file(accounts, account)
    token = self_signed_token(file)
    assert reach(emulator, account, token)[0] == 403
    accounts.keys().delete(name=f"{account.name}/keys/{file['private_key_id']}").execute()
    assert reach(emulator, account, token)[0] == 401


def test_a_disabled_key_is_refused_until_it_is_enabled(
    accounts: Any, emulator: RunningEmulator, account: Account
) -> None:
    file = key_file(accounts, account)
    name = f"{account.name}/keys/{file['private_key_id']}"
    accounts.keys().disable(name=name, body={}).execute()
    assert accounts.keys().get(name=name).execute()["disabled"] is True
    assert reach(emulator, account, self_signed_token(file))[0] == 401
    accounts.keys().enable(name=name, body={}).execute()
    assert reach(emulator, account, self_signed_token(file))[0] == 403


def test_a_disabled_account_is_refused_with_every_token(
    accounts: Any, emulator: RunningEmulator, account: Account
) -> None:
    file = key_file(accounts, account)
    tokens = exchanged_token(file), self_signed_token(file)
    accounts.disable(name=account.name, body={}).execute()
    assert [reach(emulator, account, token)[0] for token in tokens] == [401, 401]
    accounts.enable(name=account.name, body={}).execute()
    assert [reach(emulator, account, token)[0] for token in tokens] == [403, 403]


def test_an_account_has_at_most_ten_keys(accounts: Any, account: Account) -> None:
    for _ in range(10):
        accounts.keys().create(name=account.name, body={}).execute()
    assert refused(accounts.keys().create(name=account.name, body={})) == (
        429,
        "Maximum number of keys on account reached.",
    )


def uploaded_file(accounts: Any, emulator: RunningEmulator, account: Account, start: dt.datetime) -> dict[str, Any]:
    """A key file for a certificate that holds for a day."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "unused")])
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), 1, start, start + dt.timedelta(days=1))
        .sign(private, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    body = {"publicKeyData": base64.b64encode(certificate).decode()}
    uploaded = accounts.keys().upload(name=account.name, body=body).execute()
    assert uploaded["keyOrigin"] == "USER_PROVIDED"
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "client_email": account.email,
        "private_key_id": uploaded["name"].rpartition("/")[2],
        "private_key": pem.decode(),
        "token_uri": f"{emulator.base_url}/token",
    }


def test_an_uploaded_certificate_is_a_key(accounts: Any, emulator: RunningEmulator, account: Account) -> None:
    file = uploaded_file(accounts, emulator, account, dt.datetime.now(dt.UTC))
    assert reach(emulator, account, exchanged_token(file))[0] == 403


def test_a_key_counts_until_its_certificate_expires(accounts: Any, emulator: RunningEmulator, account: Account) -> None:
    """IAM: "Upload service account keys", validBeforeTime."""
    file = uploaded_file(accounts, emulator, account, dt.datetime.now(dt.UTC) - dt.timedelta(days=2))
    assert reach(emulator, account, self_signed_token(file))[0] == 401
    with pytest.raises(RefreshError):
        exchanged_token(file)


def test_what_is_no_certificate_is_a_400(accounts: Any, account: Account) -> None:
    body = {"publicKeyData": base64.b64encode(b"nothing").decode()}
    assert refused(accounts.keys().upload(name=account.name, body=body))[0] == 400


@pytest.mark.parametrize("place", ["robot/v1/metadata", "service_accounts/v1/metadata", "service_accounts/v1"])
def test_public_keys_are_published_where_key_files_say(
    accounts: Any, emulator: RunningEmulator, account: Account, place: str
) -> None:
    """IAM: "Create self-signed JSON Web Tokens", step "Verify"."""
    file = key_file(accounts, account)
    root = f"{emulator.base_url}/{place}"
    assert file["client_x509_cert_url"] == f"{emulator.base_url}/robot/v1/metadata/x509/{account.email}".replace(
        "@", "%40"
    )
    token = self_signed_token(file)
    published = httpx.get(f"{root}/x509/{account.email}", timeout=PATIENCE).json()
    assert jwt.decode(token, published)["iss"] == account.email
    (key,) = (
        one
        for one in httpx.get(f"{root}/jwk/{account.email}", timeout=PATIENCE).json()["keys"]
        if one["kid"] == file["private_key_id"]
    )
    numbers = serialization.load_pem_private_key(file["private_key"].encode(), None)
    assert isinstance(numbers, rsa.RSAPrivateKey)
    modulus = int.from_bytes(base64.urlsafe_b64decode(key["n"] + "=="), "big")
    assert (modulus, key["e"], key["kty"]) == (numbers.private_numbers().public_numbers.n, "AQAB", "RSA")
    name = f"{account.name}/keys/{file['private_key_id']}"
    accounts.keys().disable(name=name, body={}).execute()
    assert file["private_key_id"] not in httpx.get(f"{root}/x509/{account.email}", timeout=PATIENCE).json()
    assert httpx.get(f"{root}/x509/nobody@x.iam.gserviceaccount.com", timeout=PATIENCE).status_code == 404
