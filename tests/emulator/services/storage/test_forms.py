"""POST policy forms (https://cloud.google.com/storage/docs/xml-api/post-object-forms), made by google-cloud-storage."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from google.cloud import storage
from google.oauth2 import service_account

from tests.emulator.services.storage.conftest import Raw
from tests.emulator.services.storage.signing import policy_fields
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Form = dict[str, str]


@pytest.fixture
def policy(emulator: RunningEmulator, storage_client: storage.Client, raw: Raw) -> Callable[..., Form]:
    """The fields of a form that google-cloud-storage makes and the key file's account signs."""
    key = service_account.Credentials.from_service_account_file(str(emulator.credentials_file))

    def policy(name: str = "form/a.txt", **more: Any) -> Form:
        arguments = {"expiration": timedelta(minutes=5), "credentials": key, **more}
        made = storage_client.generate_signed_post_policy_v4(raw.bucket, name, **arguments)
        return dict(made["fields"])

    return policy


def post(raw: Raw, fields: Form, content: bytes = b"hello", name: str = "photo.png") -> httpx.Response:
    """Send the form as a web page of another origin does, without credentials."""
    url = f"{raw.http.base_url}/{raw.bucket}"
    file = {"file": (name, content, "image/png")}
    headers = {"origin": "https://elsewhere.example"}
    return httpx.post(url, data=fields, files=file, headers=headers, timeout=PATIENCE)


def test_a_signed_form_stores_its_file(raw: Raw, policy: Callable[..., Form]) -> None:
    fields = policy(fields={"x-goog-meta-k": "v", "content-type": "text/plain"})
    answer = post(raw, fields)
    assert (answer.status_code, answer.content) == (204, b"")
    found = raw.objects("form/a.txt").json()
    assert (found["contentType"], found["metadata"], found["size"]) == ("text/plain", {"k": "v"}, "5")
    assert raw.media("form/a.txt").content == b"hello"


@pytest.fixture
def sign(emulator: RunningEmulator) -> Iterator[Callable[[Any], Form]]:
    """Signs any policy document with an HMAC key of the key file's account."""
    email = json.loads(emulator.credentials_file.read_text())["client_email"]
    place = f"/storage/v1/projects/{emulator.project}/hmacKeys"
    key = emulator.request("POST", f"{place}?serviceAccountEmail={email}")[1]
    access_id = key["metadata"]["accessId"]
    yield lambda document: policy_fields(
        access_id, key["secret"], base64.b64encode(json.dumps(document).encode()).decode()
    )
    emulator.request("PUT", f"{place}/{access_id}", {"state": "INACTIVE"})
    emulator.request("DELETE", f"{place}/{access_id}")


def test_the_name_of_the_file_can_be_part_of_the_object_s(raw: Raw, sign: Callable[[Any], Form]) -> None:
    names = ("x-goog-algorithm", "x-goog-credential", "x-goog-date")
    conditions = [["starts-with", "$key", "form/photo"], *(["starts-with", f"${name}", ""] for name in names)]
    fields = sign({"expiration": "2099-01-01T00:00:00Z", "conditions": conditions})
    assert post(raw, {"key": "form/${filename}", **fields}).status_code == 204
    assert raw.objects("form/photo.png").json()["contentType"] == "image/png"
    assert post(raw, {"key": "form/${filename}", **fields}, name="other.png").status_code == 403


@pytest.mark.parametrize(("status", "expected"), [("200", 200), ("201", 201), ("204", 204), ("500", 204)])
def test_the_status_of_success_can_be_asked_for(
    raw: Raw, policy: Callable[..., Form], status: str, expected: int
) -> None:
    answer = post(raw, policy(fields={"success_action_status": status}))
    assert answer.status_code == expected
    assert ("<PostResponse" in answer.text) == (expected == 201)


def test_a_redirect_can_be_asked_for(raw: Raw, policy: Callable[..., Form]) -> None:
    answer = post(raw, policy(fields={"success_action_redirect": "https://elsewhere.example/done"}))
    assert (answer.status_code, answer.headers["location"]) == (303, "https://elsewhere.example/done")


@pytest.mark.parametrize(("size", "code"), [(1, "EntityTooSmall"), (5, ""), (9, "EntityTooLarge")])
def test_sizes_that_the_policy_allows(raw: Raw, policy: Callable[..., Form], size: int, code: str) -> None:
    answer = post(raw, policy(conditions=[["content-length-range", 2, 8]]), bytes(size))
    assert (code in answer.text, answer.is_success) == (True, not code)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"key": "form/other"}, 403, "AccessDenied"),
        ({"x-goog-meta-k": "not in the policy"}, 403, "AccessDenied"),
        ({"x-goog-signature": "00" * 256}, 403, "SignatureDoesNotMatch"),
        ({"x-goog-signature": "no hexadecimal"}, 400, "AuthenticationRequired"),
        ({"policy": base64.b64encode(b"{}").decode()}, 403, "SignatureDoesNotMatch"),
        ({"x-goog-algorithm": "none"}, 400, "AuthenticationRequired"),
        ({"x-ignore-this": "as documented"}, 204, ""),
    ],
)
def test_what_the_policy_does_not_allow_is_refused(
    raw: Raw, policy: Callable[..., Form], change: Form, status: int, code: str
) -> None:
    answer = post(raw, {**policy(), **change})
    assert (answer.status_code, code in answer.text) == (status, True)


def test_a_policy_that_has_expired(raw: Raw, policy: Callable[..., Form]) -> None:
    answer = post(raw, policy(expiration=timedelta(seconds=-5)))
    assert (answer.status_code, "expired" in answer.text) == (403, True)


def test_forms_that_are_malformed(raw: Raw, policy: Callable[..., Form]) -> None:
    fields = policy()
    del fields["key"]
    assert post(raw, fields).status_code == 400
    url, page = f"/{raw.bucket}", {"origin": "https://elsewhere.example"}
    assert raw.http.post(url, content=b"x", headers={"content-type": "text/plain"}).status_code == 400
    form = {"content-type": "multipart/form-data; boundary=b"}
    no_file = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n--b--'
    assert raw.http.post(url, content=no_file, headers=form).status_code == 400
    assert post(raw, {**policy(), "x-ignore-long": "x" * 21_000}).status_code == 400
    unsigned = {"key": "form/unsigned"}
    assert httpx.post(f"{raw.http.base_url}{url}", data=unsigned, files={"file": b"x"}, headers=page).status_code == 401
    assert raw.http.post(url, data=unsigned, files={"file": b"x"}).status_code == 204


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"conditions": []},
        {"expiration": "never", "conditions": []},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["is", "$key", "x"]]},
    ],
)
def test_policies_that_are_none(raw: Raw, sign: Callable[[Any], Form], document: Any) -> None:
    answer = post(raw, {"key": "x", **sign(document)})
    assert (answer.status_code, "not valid JSON" in answer.text) == (403, True)
