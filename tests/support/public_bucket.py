"""Google's public bucket of the NIH chest X-rays on an emulator: in a project of Google's, and requester pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.emulator import RunningEmulator

PUBLIC_BUCKET = "gcs-public-data--healthcare-nih-chest-xray"
PUBLIC_PROJECT = "chc-nih-chest-xray"


def make_public_bucket(emulator: RunningEmulator, objects: Mapping[str, bytes]) -> str:
    """Make the bucket with these objects (`dicom/00000001_000.dcm`, `png/00000001_000.png` ...) and give its name.

    Every signed-in caller may list and read it, and has to name a project of his own that pays. The owner's token is
    exempt, because its role is inherited by the other project, too; use the key file's account, or one of your own.
    """
    from google.cloud import storage
    from google.oauth2.credentials import Credentials

    status, answer = emulator.request("POST", "/v1/projects", {"projectId": PUBLIC_PROJECT})
    assert status in (200, 409), answer
    options = {"api_endpoint": emulator.base_url}
    client = storage.Client(PUBLIC_PROJECT, Credentials(token=emulator.owner_token), client_options=options)
    bucket = client.bucket(PUBLIC_BUCKET)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    client.create_bucket(bucket, location="US")
    for name, data in objects.items():
        content_type = "image/png" if name.endswith(".png") else "application/dicom"
        bucket.blob(name).upload_from_string(data, content_type=content_type)
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"allAuthenticatedUsers"}})
    bucket.set_iam_policy(policy)
    bucket.requester_pays = True
    bucket.patch()
    client.close()
    return PUBLIC_BUCKET
