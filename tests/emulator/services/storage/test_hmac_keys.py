"""HMAC keys (https://cloud.google.com/storage/docs/authentication/hmackeys), and what is signed with them."""

import base64
import hmac
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.emulator.services.storage.conftest import Raw
from tests.emulator.services.storage.signing import signed_headers, signed_query
from tests.support.accounts import Account, grant, make_account
from tests.support.emulator import RunningEmulator


@pytest.fixture
def account(emulator: RunningEmulator, unique: Callable[[str], str]) -> Account:
    return make_account(emulator, unique("signs"))


def keys_of(emulator: RunningEmulator) -> str:
    return f"/storage/v1/projects/{emulator.project}/hmacKeys"


def make(emulator: RunningEmulator, account: Account) -> tuple[str, str]:
    code, made = emulator.request("POST", f"{keys_of(emulator)}?serviceAccountEmail={account.email}")
    assert code == 200, made
    return made["metadata"]["accessId"], made["secret"]


def test_life_of_a_key(emulator: RunningEmulator, account: Account) -> None:
    """Created active, shown without its secret, made inactive, then deleted; its metadata stay."""
    access_id, secret = make(emulator, account)
    assert (len(access_id), len(secret)) == (61, 40)
    place = f"{keys_of(emulator)}/{access_id}"
    code, shown = emulator.request("GET", place)
    assert (code, shown["state"], shown["serviceAccountEmail"]) == (200, "ACTIVE", account.email)
    assert secret not in str(shown)
    assert emulator.request("DELETE", place)[0] == 400, "active keys can't be deleted"
    assert emulator.request("PUT", place, {"state": "INACTIVE", "etag": "other"})[0] == 412
    assert emulator.request("PUT", place, {"state": "GONE"})[0] == 400
    assert emulator.request("PUT", place, {"state": "INACTIVE", "etag": shown["etag"]})[1]["state"] == "INACTIVE"
    assert emulator.request("DELETE", place)[0] == 204
    assert emulator.request("GET", place)[1]["state"] == "DELETED"
    assert emulator.request("PUT", place, {"state": "ACTIVE"})[0] == 400
    assert emulator.request("GET", f"{keys_of(emulator)}/GOOG1EMISSING")[0] == 404


def test_keys_are_listed_by_pages(emulator: RunningEmulator, account: Account) -> None:
    ids = sorted(make(emulator, account)[0] for _ in range(3))
    gone = f"{keys_of(emulator)}/{ids[0]}"
    emulator.request("PUT", gone, {"state": "INACTIVE"})
    emulator.request("DELETE", gone)

    def listed(more: str) -> list[Any]:
        found, token = [], ""
        while True:
            query = f"serviceAccountEmail={account.email}&maxResults=1{more}&pageToken={token}"
            answer = emulator.request("GET", f"{keys_of(emulator)}?{query}")[1]
            found += [item["accessId"] for item in answer["items"]]
            token = answer.get("nextPageToken", "")
            if not token:
                return found

    assert listed("") == ids[1:]
    assert listed("&showDeletedKeys=true") == ids


def test_an_account_has_ten_keys_at_most(emulator: RunningEmulator, account: Account) -> None:
    for _ in range(10):
        make(emulator, account)
    code, answer = emulator.request("POST", f"{keys_of(emulator)}?serviceAccountEmail={account.email}")
    assert (code, "at most 10" in answer["error"]["message"]) == (400, True)


def test_keys_are_for_accounts_of_the_project_and_their_administrators(
    emulator: RunningEmulator, account: Account
) -> None:
    place = keys_of(emulator)
    assert emulator.request("POST", f"{place}?serviceAccountEmail=nobody@elsewhere.example")[0] == 404
    assert emulator.request("POST", place)[0] == 400
    mine = f"{place}?serviceAccountEmail={account.email}"
    assert emulator.request("POST", mine, token=account.token)[0] == 403
    grant(emulator, f"projects/{emulator.project}", account.member, "roles/storage.hmacKeyAdmin")
    assert emulator.request("POST", mine, token=account.token)[0] == 200
    assert emulator.request("GET", place, token=account.token)[0] == 200


@pytest.mark.parametrize("algorithm", ["AWS4-HMAC-SHA256", "GOOG4-HMAC-SHA256"])
@pytest.mark.parametrize("place", [signed_headers, signed_query])
def test_a_signature_is_that_of_the_account(
    emulator: RunningEmulator,
    raw: Raw,
    account: Account,
    algorithm: str,
    place: Callable[..., httpx.Request],
) -> None:
    """Nothing more and nothing less may be done with it than by the account itself."""
    access_id, secret = make(emulator, account)
    url = f"{emulator.base_url}/{raw.bucket}/signed"
    raw.upload("signed", b"hello")

    def get(key: str = secret, name: str = access_id, **more: Any) -> httpx.Response:
        request = place("GET", url, algorithm, name, key, **more)
        with httpx.Client() as client:
            return client.send(request)

    assert get().status_code == 403, "the account has no role yet"
    grant(emulator, f"buckets/{raw.bucket}", account.member, "roles/storage.objectViewer")
    assert get().content == b"hello"
    assert "SignatureDoesNotMatch" in get(secret + "x").text
    assert get(name="GOOG1EMISSING").status_code == 403
    assert "ExpiredToken" in get(date="20200101T000000Z").text
    emulator.request("PUT", f"{keys_of(emulator)}/{access_id}", {"state": "INACTIVE"})
    assert get().status_code == 403


def test_a_body_must_be_the_one_that_was_signed(emulator: RunningEmulator, raw: Raw, account: Account) -> None:
    access_id, secret = make(emulator, account)
    grant(emulator, f"buckets/{raw.bucket}", account.member, "roles/storage.objectAdmin")
    url = f"{emulator.base_url}/{raw.bucket}/put"
    with httpx.Client() as client:
        good = signed_headers("PUT", url, "AWS4-HMAC-SHA256", access_id, secret, body=b"hello")
        assert client.send(good).status_code == 200
        bad = client.build_request("PUT", url, headers=good.headers, content=b"other")
        assert "XAmzContentSHA256Mismatch" in client.send(bad).text
        streamed = signed_headers(
            "PUT", url, "AWS4-HMAC-SHA256", access_id, secret, payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        )
        assert client.send(streamed).status_code == 501, "chunks of such a body must not be stored as its bytes"
    assert raw.media("put").content == b"hello"


@pytest.mark.parametrize("name", ["GoogleAccessId", "AWSAccessKeyId"])
def test_a_key_signs_addresses_of_version_2(emulator: RunningEmulator, raw: Raw, account: Account, name: str) -> None:
    access_id, secret = make(emulator, account)
    grant(emulator, f"buckets/{raw.bucket}", account.member, "roles/storage.objectViewer")
    raw.upload("signed", b"hello")
    with httpx.Client() as client:
        for key, status in ((secret, 200), ("x" * 40, 403)):
            signature = base64.b64encode(
                hmac.new(key.encode(), f"GET\n\n\n4102444800\n/{raw.bucket}/signed".encode(), "sha1").digest()
            ).decode()
            query = {name: access_id, "Expires": "4102444800", "Signature": signature}
            assert client.get(f"{emulator.base_url}/{raw.bucket}/signed", params=query).status_code == status
