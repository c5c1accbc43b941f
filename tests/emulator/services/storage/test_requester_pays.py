"""Requester pays, on the emulated public bucket of the NIH chest X-rays: who pays, and who need not say so."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import bigquery, storage
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from tests.conftest import PROJECT
from tests.emulator.services.clients import token_of
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE
from tests.support.public_bucket import PUBLIC_BUCKET, PUBLIC_PROJECT, make_public_bucket

FILMS = {
    "dicom/00000001_000.dcm": b"dicom 1",
    "dicom/00000002_000.dcm": b"dicom 2",
    "png/00000001_000.png": b"png 1",
}
MISSING = "Bucket is a requester pays bucket but no user project provided"


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator with the public bucket, which is in another project than the caller's."""
    running = RunningEmulator(tmp_path_factory.mktemp("pays") / "state", PROJECT, ("--anonymous", "deny")).start()
    make_public_bucket(running, FILMS)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def token(google: RunningEmulator) -> str:
    """An access token of the key file's account: owner of PROJECT, nobody in the public bucket's project."""
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    path = str(google.credentials_file)
    return token_of(service_account.Credentials.from_service_account_file(path, scopes=scopes))


def options(google: RunningEmulator) -> dict[str, str]:
    return {"api_endpoint": google.base_url}


@pytest.fixture
def client(google: RunningEmulator, token: str) -> Iterator[storage.Client]:
    """Cloud Storage as that account."""
    made = storage.Client(PROJECT, Credentials(token=token), client_options=options(google))
    yield made
    made.close()


@pytest.fixture
def owner(google: RunningEmulator) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {google.owner_token}"}
    with httpx.Client(base_url=google.base_url, headers=headers, timeout=PATIENCE) as http:
        yield http


def test_without_a_project_nothing_is_read(client: storage.Client) -> None:
    bucket = client.bucket(PUBLIC_BUCKET)
    mine = client.create_bucket("mine-without")
    film = bucket.blob("dicom/00000001_000.dcm")
    calls = {
        "list": lambda: list(client.list_blobs(bucket)),
        "get": film.reload,
        "download": film.download_as_bytes,
        "copy": lambda: bucket.copy_blob(film, mine),
        "rewrite": lambda: mine.blob("x").rewrite(film),
    }
    for name, call in calls.items():
        with pytest.raises(exceptions.BadRequest, match=MISSING) as refused:
            call()
        assert name == "download" or refused.value.errors[0]["reason"] == "required"
    assert list(client.list_blobs(mine)) == []


def test_with_a_project_everything_public_is_read(client: storage.Client) -> None:
    bucket = client.bucket(PUBLIC_BUCKET, user_project=PROJECT)
    assert [blob.name for blob in client.list_blobs(bucket, prefix="dicom/")] == [
        "dicom/00000001_000.dcm",
        "dicom/00000002_000.dcm",
    ]
    film = bucket.blob("dicom/00000001_000.dcm")
    assert film.download_as_bytes() == b"dicom 1"
    film.reload()
    assert film.size == 7
    with client.batch():
        others = [bucket.blob(name) for name in FILMS]
        for other in others:
            other.reload()
    assert [other.size for other in others] == [7, 7, 5]
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.create"):
        bucket.blob("mine").upload_from_string("x")
    with pytest.raises(exceptions.Forbidden, match=r"storage\.buckets\.get"):
        bucket.reload()


def test_copies_to_a_bucket_of_ones_own(client: storage.Client) -> None:
    bucket = client.bucket(PUBLIC_BUCKET, user_project=PROJECT)
    mine = client.create_bucket("mine-with")
    film = bucket.blob("dicom/00000001_000.dcm")
    copied = bucket.copy_blob(film, mine, "copied.dcm")
    assert copied.download_as_bytes() == b"dicom 1"
    target = client.bucket("mine-with", user_project=PROJECT).blob("rewritten.dcm")
    token, written, total = target.rewrite(film)
    assert (token, written, total) == (None, 7, 7)
    assert mine.blob("rewritten.dcm").download_as_bytes() == b"dicom 1"


def test_only_a_project_that_one_may_use_pays(client: storage.Client) -> None:
    for project, error, message in (
        (PUBLIC_PROJECT, exceptions.Forbidden, r"serviceusage\.services\.use access to the Google Cloud project"),
        ("no-such-project", exceptions.BadRequest, "user project 'no-such-project' .* is invalid"),
    ):
        bucket = client.bucket(PUBLIC_BUCKET, user_project=project)
        with pytest.raises(error, match=message):
            list(client.list_blobs(bucket))


def test_the_header_names_the_project_too(google: RunningEmulator, token: str) -> None:
    for project, works in ((PROJECT, True), (PUBLIC_PROJECT, False)):
        credentials = Credentials(token=token, quota_project_id=project)
        client = storage.Client(PROJECT, credentials, client_options=options(google))
        film = client.bucket(PUBLIC_BUCKET).blob("png/00000001_000.png")
        if works:
            assert film.download_as_bytes() == b"png 1"
        else:
            with pytest.raises(exceptions.Forbidden, match=r"serviceusage\.services\.use"):
                film.download_as_bytes()
        client.close()


def test_who_may_bill_the_buckets_project_need_not_say(owner: httpx.Client) -> None:
    path = f"/storage/v1/b/{PUBLIC_BUCKET}/o"
    assert len(owner.get(path).json()["items"]) == 3
    assert owner.get(path, params={"userProject": PROJECT}).status_code == 200
    assert owner.get(path, params={"userProject": "no-such-project"}).status_code == 400


def test_an_editor_of_the_buckets_project_is_not_exempt(client: storage.Client, owner: httpx.Client) -> None:
    path = f"/v1/projects/{PUBLIC_PROJECT}"
    before = owner.post(f"{path}:getIamPolicy", json={}).json()
    member = f"serviceAccount:emulator@{PROJECT}.iam.gserviceaccount.com"

    def grant(role: str) -> None:
        current = owner.post(f"{path}:getIamPolicy", json={}).json()
        bindings = [*before["bindings"], {"role": role, "members": [member]}]
        body = {"policy": {"bindings": bindings, "etag": current["etag"]}}
        owner.post(f"{path}:setIamPolicy", json=body).raise_for_status()

    film = client.bucket(PUBLIC_BUCKET).blob("png/00000001_000.png")
    try:
        grant("roles/editor")
        with pytest.raises(exceptions.BadRequest, match=MISSING):
            film.download_as_bytes()
        assert client.bucket(PUBLIC_BUCKET, user_project=PUBLIC_PROJECT).blob(film.name).exists()
        grant("roles/billing.projectManager")
        assert film.download_as_bytes() == b"png 1"
    finally:
        grant("roles/viewer")


def test_who_does_not_sign_in_cannot_pay(google: RunningEmulator, owner: httpx.Client) -> None:
    policy = owner.get(f"/storage/v1/b/{PUBLIC_BUCKET}/iam").json()
    binding = {"role": "roles/storage.objectViewer", "members": ["allUsers"]}
    changed = {**policy, "bindings": [*policy["bindings"], binding]}
    owner.put(f"/storage/v1/b/{PUBLIC_BUCKET}/iam", json=changed).raise_for_status()
    path = f"/storage/v1/b/{PUBLIC_BUCKET}/o"
    with httpx.Client(base_url=google.base_url, timeout=PATIENCE) as nobody:
        assert nobody.get(path).status_code == 400
        assert nobody.get(path, params={"userProject": PROJECT}).status_code == 401
    policy.pop("etag")
    owner.put(f"/storage/v1/b/{PUBLIC_BUCKET}/iam", json=policy).raise_for_status()


def test_uploads_name_the_project(client: storage.Client, owner: httpx.Client) -> None:
    owner.post("/storage/v1/b", params={"project": PUBLIC_PROJECT}, json={"name": "inbox"}).raise_for_status()
    binding = {"role": "roles/storage.objectAdmin", "members": ["allAuthenticatedUsers"]}
    owner.put("/storage/v1/b/inbox/iam", json={"bindings": [binding]}).raise_for_status()
    owner.patch("/storage/v1/b/inbox", json={"billing": {"requesterPays": True}}).raise_for_status()
    with pytest.raises(exceptions.BadRequest, match=MISSING):
        client.bucket("inbox").blob("x").upload_from_string(b"x")
    bucket = client.bucket("inbox", user_project=PROJECT)
    bucket.blob("small").upload_from_string(b"x")
    large = bucket.blob("large", chunk_size=262_144)
    large.upload_from_string(b"x" * 600_000)
    bucket.blob("both").compose([bucket.blob("small"), large])
    assert [(blob.name, blob.size) for blob in client.list_blobs(bucket)] == [
        ("both", 600_001), ("large", 600_000), ("small", 1),
    ]  # fmt: skip
    bucket.delete_blob("both")
    owner.patch("/storage/v1/b/inbox", json={"billing": {"requesterPays": False}}).raise_for_status()
    assert client.bucket("inbox").blob("small").download_as_bytes() == b"x"


def test_bigquery_has_no_project_to_name(google: RunningEmulator, token: str) -> None:
    made = bigquery.Client(PROJECT, Credentials(token=token), client_options=options(google))
    made.create_dataset("pays")
    config = bigquery.LoadJobConfig(source_format="CSV", autodetect=True)
    job = made.load_table_from_uri(f"gs://{PUBLIC_BUCKET}/png/00000001_000.png", "pays.t", job_config=config)
    with pytest.raises(exceptions.BadRequest, match=MISSING):
        job.result()
    made.close()
