"""Consent artifacts (Cloud Healthcare: consentStores.consentArtifacts)."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json
from tests.emulator.services.healthcare.transfers import make_bucket, upload

PATH = "/consentArtifacts"
SIGNED = b"%PDF-1.7 signed"


def raw(data: bytes) -> Json:
    return {"rawBytes": base64.b64encode(data).decode()}


def test_bytes_of_images_are_in_get_only(consents: ConsentStore) -> None:
    signature = {"userId": "p1", "signatureTime": "2026-01-31T12:00:00Z", "metadata": {"title": "Ms"}}
    body = {
        "userId": "p1",
        "userSignature": {**signature, "image": raw(b"name")},
        "witnessSignature": {"userId": "w"},
        "consentContentScreenshots": [raw(SIGNED), raw(b"page 2")],
        "consentContentVersion": "v1",
        "metadata": {"Locale": "de-CH"},
    }
    made = consents.ok("POST", PATH, body)
    bare = {**body, "userSignature": {**signature, "image": {}}, "consentContentScreenshots": [{}, {}]}
    assert made == {"name": made["name"], **bare}
    assert consents.ok("GET", PATH)["consentArtifacts"] == [made]
    assert consents.ok("GET", consents.of(made["name"])) == {"name": made["name"], **body}


def test_an_image_in_cloud_storage_is_copied_by_the_service_agent(
    consents: ConsentStore, unique: Callable[[str], str]
) -> None:
    emulator = consents.emulator
    bucket = make_bucket(emulator, unique("forms"))
    upload(emulator, bucket, "signed.pdf", SIGNED)
    body = {"userId": "p1", "consentContentScreenshots": [{"gcsUri": f"gs://{bucket}/signed.pdf"}]}
    status, message = consents.refused("POST", PATH, body)
    assert (status, "doesn't have required Cloud Storage permission" in message) == ("PERMISSION_DENIED", True)
    readable = make_bucket(emulator, unique("forms"), "roles/storage.objectViewer")
    upload(emulator, readable, "signed.pdf", SIGNED)
    body["consentContentScreenshots"] = [{"gcsUri": f"gs://{readable}/signed.pdf"}]
    made = consents.ok("POST", PATH, body)
    assert made["consentContentScreenshots"] == [{}]
    assert emulator.request("DELETE", f"/storage/v1/b/{readable}/o/signed.pdf")[0] == 204
    assert consents.ok("GET", consents.of(made["name"]))["consentContentScreenshots"] == [raw(SIGNED)]
    status, message = consents.refused("POST", PATH, body)
    assert (status, f"gs://{readable}/signed.pdf" in message) == ("NOT_FOUND", True)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "userId is required."),
        ({"userId": "p1", "userSignature": {}}, "userSignature.userId is required."),
        (
            {"userId": "p1", "guardianSignature": {"userId": "g", "signatureTime": "now"}},
            'Invalid guardianSignature.signatureTime "now"',
        ),
        (
            {"userId": "p1", "witnessSignature": {"userId": "w", "image": {}}},
            "Invalid witnessSignature.image: it must have gcsUri or rawBytes, and not both.",
        ),
        (
            {"userId": "p1", "consentContentScreenshots": [{**raw(b"a"), "gcsUri": "gs://bucket/a"}]},
            "Invalid consentContentScreenshots[0]: it must have gcsUri or rawBytes, and not both.",
        ),
        (
            {"userId": "p1", "consentContentScreenshots": [{"gcsUri": "bucket/a"}]},
            'Invalid consentContentScreenshots[0].gcsUri "bucket/a": it must be gs://BUCKET/OBJECT.',
        ),
        (
            {"userId": "p1", "consentContentScreenshots": [{"rawBytes": "%"}]},
            "Invalid value at 'consentContentScreenshots[0].rawBytes' (TYPE_BYTES)",
        ),
        (
            {"userId": "p1", "userSignature": {"userId": "p1", "image": {"rawBytes": "ä"}}},
            "Invalid value at 'userSignature.image.rawBytes' (TYPE_BYTES)",
        ),
    ],
)
def test_what_no_artifact_can_be_is_refused_in_a_sentence(consents: ConsentStore, body: Json, sentence: str) -> None:
    status, message = consents.refused("POST", PATH, body)
    assert status == "INVALID_ARGUMENT"
    assert sentence in message


def test_an_artifact_stays_while_the_latest_revision_of_a_consent_names_it(consents: ConsentStore) -> None:
    first = consents.artifact(consentContentScreenshots=[raw(SIGNED)])
    consent = consents.consent(consentArtifact=first)
    status, message = consents.refused("DELETE", consents.of(first))
    assert status == "FAILED_PRECONDITION"
    assert message == f"Consent artifact {first} cannot be deleted: {consent['name']} refers to it."
    withdrawal = consents.artifact()
    consents.ok("POST", f"{consents.of(consent['name'])}:revoke", {"consentArtifact": withdrawal})
    assert consents.ok("DELETE", consents.of(first)) == {}
    assert consents.refused("GET", consents.of(first))[0] == "NOT_FOUND"
    assert consents.refused("DELETE", consents.of(first))[0] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('user_id="p1"', "a"),
        ('consent_content_version="v2"', "b"),
        ('Metadata("Locale")="de"', "a"),
        ('HasMetadata("Locale")', "a"),
        ('NOT HasMetadata("Locale")', "b"),
    ],
)
def test_lists_of_artifacts_are_filtered(consents: ConsentStore, filter_: str, found: str) -> None:
    made = {
        "a": consents.artifact("p1", consentContentVersion="v1", metadata={"Locale": "de"}),
        "b": consents.artifact("p2", consentContentVersion="v2"),
    }
    listed = consents.ok("GET", f"{PATH}?filter={quote(filter_)}").get("consentArtifacts", [])
    assert [each["name"] for each in listed] == [made[key] for key in found]


def test_artifacts_are_listed_in_pages(consents: ConsentStore) -> None:
    made = sorted(consents.artifact() for _ in range(3))
    first = consents.ok("GET", f"{PATH}?pageSize=2")
    rest = consents.ok("GET", f"{PATH}?pageSize=2&pageToken={first['nextPageToken']}")
    assert [each["name"] for each in (*first["consentArtifacts"], *rest["consentArtifacts"])] == made
    assert "nextPageToken" not in rest
